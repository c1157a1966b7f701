//! `/photo-door`: docks bring photos here, piece by piece. A piece that was confirmed is on the disk; how far a file
//! came is asked with GET, and every refusal says it, too.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use store::StoreError;
use store::flights::FlightRow;
use store::rows::PhotoRow;
use tokio_stream::StreamExt;
use utoipa::ToSchema;

use crate::api::content_range::ContentRange;
use crate::api::door_error::{DoorError, DoorRefusal};
use crate::api::error::ErrorBody;
use crate::api::state::Fixed;
use crate::lang::Words;
use crate::stage::delivery::{Delivered, deliver};
use crate::stage::incoming::{Incoming, Parcel};
use crate::stage::intake::LARGEST_FILE_BYTES;
use crate::workplace::Workplace;

/// A sender that says nothing for so long is gone, and others may go on with its file.
const SILENCE: Duration = Duration::from_secs(60);
/// Largest piece of a file.
const LARGEST_PIECE_BYTES: u64 = 8 * 1024 * 1024;

/// How far a file came.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParcelState {
    /// `absent`, `partial` or `stored`.
    pub state: String,
    /// Bytes that are here; a sender goes on from there.
    pub received_bytes: u64,
    /// The photo, once stored.
    pub photo_id: Option<String>,
}

type Answer = Result<(StatusCode, Json<ParcelState>), DoorError>;

/// How far a file came.
#[utoipa::path(get, path = "/api/v1/photo-door/{sortie}/{image_index}/{sha256}",
    params(("sortie" = String, Path), ("image_index" = u32, Path), ("sha256" = String, Path)),
    responses((status = 200, body = ParcelState), (status = 404, body = ErrorBody)))]
pub async fn state(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path((sortie, image_index, sha256)): Path<(String, String, String)>,
) -> Result<Json<ParcelState>, DoorError> {
    let parcel = parcel(&sortie, &image_index, &sha256)?;
    let flight = flight(&workplace, &parcel).await?;
    if let Some(photo) = stored(&workplace, &parcel).await? {
        return Ok(Json(is_stored(photo.photo_id, photo.byte_len)));
    }
    let received_bytes = fixed.incoming.received(&parcel).await?;
    if received_bytes > 0
        && let Some(photo_id) = deliver_late(&workplace, &fixed.incoming, &parcel, &flight).await?
    {
        return Ok(Json(is_stored(photo_id, received_bytes)));
    }
    Ok(Json(ParcelState {
        state: if received_bytes == 0 { "absent" } else { "partial" }.to_owned(),
        received_bytes,
        photo_id: None,
    }))
}

/// A file whose last byte came before the disk was full or the program was stopped: its sender has nothing left to
/// send and only asks. Somebody who is writing it is not waited for.
async fn deliver_late(
    workplace: &Workplace,
    incoming: &Incoming,
    parcel: &Parcel,
    flight: &FlightRow,
) -> Result<Option<String>, DoorError> {
    let Some(_turn) = incoming.turn_if_free(parcel) else {
        return Ok(None);
    };
    if incoming.received(parcel).await? == 0 || incoming.digest(parcel).await? != parcel.sha256 {
        return Ok(None);
    }
    let delivered = deliver(workplace, incoming, parcel, flight).await;
    match delivered.map_err(|error| DoorError::of_delivery(error, 0))? {
        Delivered::Stored(photo) => Ok(Some(photo.photo_id.to_string())),
        Delivered::OtherContent | Delivered::NoPhoto(_) => Ok(None),
    }
}

/// A piece of a file (`Content-Range: bytes a-b/total`), or the whole file.
#[utoipa::path(put, path = "/api/v1/photo-door/{sortie}/{image_index}/{sha256}",
    params(("sortie" = String, Path), ("image_index" = u32, Path), ("sha256" = String, Path),
        ("Content-Range" = Option<String>, Header, description = "bytes a-b/total; absent: the whole file")),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses(
        (status = 200, body = ParcelState, description = "The photo was stored before."),
        (status = 201, body = ParcelState, description = "The photo is stored now."),
        (status = 202, body = ParcelState, description = "The piece is on the disk, more is awaited."),
        (status = 400, body = DoorRefusal), (status = 404, body = DoorRefusal), (status = 409, body = DoorRefusal),
        (status = 413, body = DoorRefusal), (status = 422, body = DoorRefusal), (status = 507, body = DoorRefusal)))]
pub async fn put(
    State(workplace): State<Workplace>,
    State(fixed): State<Arc<Fixed>>,
    Path((sortie, image_index, sha256)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let mut upload = Upload {
        workplace,
        incoming: fixed.incoming.clone(),
        body: Some(body),
    };
    let answer = upload.take(&sortie, &image_index, &sha256, &headers).await;
    // A sender that is still writing would not hear an answer given over its head.
    upload.drain().await;
    answer
}

/// One PUT at work.
struct Upload {
    workplace: Workplace,
    incoming: Incoming,
    body: Option<Body>,
}

impl Upload {
    async fn take(&mut self, sortie: &str, image_index: &str, sha256: &str, headers: &HeaderMap) -> Answer {
        let parcel = parcel(sortie, image_index, sha256)?;
        let range = range(headers)?;
        let flight = flight(&self.workplace, &parcel).await?;
        let _turn = self.incoming.turn(&parcel).await;
        if let Some(photo) = stored(&self.workplace, &parcel).await? {
            self.incoming.remove(&parcel).await?;
            return Ok((StatusCode::OK, Json(is_stored(photo.photo_id, photo.byte_len))));
        }
        let named = self.workplace.store.photo_named(&parcel.photo_name()).await?;
        if let Some(other) = named.filter(|photo| photo.sha256 != parcel.sha256) {
            return Err(DoorError::index_taken(&other));
        }
        let received = self.incoming.received(&parcel).await?;
        let result = match range {
            Some(range) => self.take_piece(&parcel, range, received).await,
            None => {
                let whole = self.write(&parcel, 0, LARGEST_FILE_BYTES).await;
                whole.map(|total| (total, total))
            }
        };
        let (received, total) = match result {
            Ok(progress) => progress,
            Err(error) => {
                let received_bytes = self.incoming.received(&parcel).await.unwrap_or(received);
                return Err(DoorError {
                    received_bytes,
                    ..error
                });
            }
        };
        if received < total {
            return Ok((StatusCode::ACCEPTED, Json(is_partial(received))));
        }
        self.finish(&parcel, &flight, received).await
    }

    /// Bytes that are here afterwards, and bytes there will be.
    async fn take_piece(
        &mut self,
        parcel: &Parcel,
        range: ContentRange,
        received: u64,
    ) -> Result<(u64, u64), DoorError> {
        if range.total > LARGEST_FILE_BYTES {
            return Err(DoorError::too_large("文件", "file", LARGEST_FILE_BYTES));
        }
        // All bytes came, but the program was stopped, or the disk was full, before the photo was stored.
        if received == range.total {
            return Ok((received, range.total));
        }
        let Some((first, last)) = range.piece.filter(|(first, _)| *first == received) else {
            return Err(DoorError::offset(received));
        };
        let length = last - first + 1;
        if length > LARGEST_PIECE_BYTES {
            return Err(DoorError::too_large("分片", "piece", LARGEST_PIECE_BYTES));
        }
        let written = self.write(parcel, first, length).await?;
        if written <= last {
            return Err(DoorError::bad_request(
                "正文短于 Content-Range 所述,请从 received_bytes 继续",
                "the body is shorter than Content-Range says; go on from received_bytes",
            ));
        }
        Ok((written, range.total))
    }

    /// Writes the body behind the first `keep` bytes of the part, at most `most` bytes. What came before the line
    /// broke stays.
    async fn write(&mut self, parcel: &Parcel, keep: u64, most: u64) -> Result<u64, DoorError> {
        let mut part = self.incoming.open(parcel, keep).await?;
        let Some(body) = self.body.take() else {
            return Ok(part.confirm().await?);
        };
        let mut pieces = body.into_data_stream();
        let mut written = 0;
        let mut broken = None;
        loop {
            let piece = match tokio::time::timeout(SILENCE, pieces.next()).await {
                Ok(Some(piece)) => piece.map_err(|error| error.to_string()),
                Ok(None) => break,
                Err(silence) => Err(silence.to_string()),
            };
            match piece {
                Ok(bytes) if written + bytes.len() as u64 > most => {
                    drop(part);
                    self.incoming.open(parcel, keep).await?.confirm().await?;
                    return Err(DoorError::too_large("正文", "body", most));
                }
                Ok(bytes) => {
                    part.append(&bytes).await?;
                    written += bytes.len() as u64;
                }
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        let received = part.confirm().await?;
        match broken {
            None => Ok(received),
            Some(error) => {
                tracing::info!(%error, sortie.id = %parcel.sortie_id, received, "an upload broke off");
                Err(DoorError::bad_request(
                    "传输中断,请从 received_bytes 继续",
                    "the transfer broke off; go on from received_bytes",
                ))
            }
        }
    }

    async fn finish(&mut self, parcel: &Parcel, flight: &FlightRow, received: u64) -> Answer {
        let delivered = deliver(&self.workplace, &self.incoming, parcel, flight).await;
        match delivered.map_err(|error| DoorError::of_delivery(error, received))? {
            Delivered::Stored(photo) => {
                let answer = is_stored(photo.photo_id.to_string(), received);
                Ok((StatusCode::CREATED, Json(answer)))
            }
            Delivered::OtherContent => Err(DoorError {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "hash",
                message: Words::new(
                    "内容与 SHA-256 不符,已丢弃,请重新上传",
                    "the content does not have this SHA-256 and was dropped; start again",
                ),
                received_bytes: 0,
            }),
            Delivered::NoPhoto(words) => Err(DoorError {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                code: "not_a_photo",
                message: words,
                received_bytes: 0,
            }),
        }
    }

    /// Reads on for what a few pieces can hold; who sends more than that is not waited for.
    async fn drain(&mut self) {
        let Some(body) = self.body.take() else { return };
        let mut pieces = body.into_data_stream();
        let mut read = 0;
        while let Ok(Some(Ok(piece))) = tokio::time::timeout(SILENCE, pieces.next()).await {
            read += piece.len() as u64;
            if read > 4 * LARGEST_PIECE_BYTES {
                return;
            }
        }
    }
}

fn parcel(sortie: &str, image_index: &str, sha256: &str) -> Result<Parcel, DoorError> {
    Parcel::named(sortie, image_index, sha256).ok_or_else(|| {
        DoorError::bad_request(
            "地址须为 架次/图像编号/SHA-256(小写十六进制)",
            "the address has to be sortie/image index/SHA-256 (lower-case hexadecimal)",
        )
    })
}

fn range(headers: &HeaderMap) -> Result<Option<ContentRange>, DoorError> {
    let Some(value) = headers.get(header::CONTENT_RANGE) else {
        return Ok(None);
    };
    let range = value.to_str().ok().and_then(ContentRange::read);
    range.map(Some).ok_or_else(|| {
        DoorError::bad_request(
            "Content-Range 须为 bytes a-b/total",
            "Content-Range has to be bytes a-b/total",
        )
    })
}

async fn flight(workplace: &Workplace, parcel: &Parcel) -> Result<FlightRow, DoorError> {
    match workplace.store.flight(parcel.sortie_id.as_str()).await {
        Err(StoreError::NotFound { .. }) => Err(DoorError {
            status: StatusCode::NOT_FOUND,
            code: "unknown_sortie",
            message: Words::new(
                format!("没有架次 {}", parcel.sortie_id),
                format!("there is no sortie {}", parcel.sortie_id),
            ),
            received_bytes: 0,
        }),
        other => Ok(other?),
    }
}

/// The photo of this content, if it is one of this flight.
async fn stored(workplace: &Workplace, parcel: &Parcel) -> Result<Option<PhotoRow>, DoorError> {
    let Some(photo) = workplace.store.photo_by_sha256(&parcel.sha256).await? else {
        return Ok(None);
    };
    let shots = workplace.store.shots(parcel.sortie_id.as_str()).await?;
    let belongs = shots
        .iter()
        .any(|shot| shot.photo_id.as_ref() == Some(&photo.photo_id));
    Ok(Some(photo).filter(|_| belongs))
}

fn is_stored(photo_id: String, received_bytes: u64) -> ParcelState {
    ParcelState {
        state: "stored".to_owned(),
        received_bytes,
        photo_id: Some(photo_id),
    }
}

fn is_partial(received_bytes: u64) -> ParcelState {
    ParcelState {
        state: "partial".to_owned(),
        received_bytes,
        photo_id: None,
    }
}
