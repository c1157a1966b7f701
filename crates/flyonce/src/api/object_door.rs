//! `PUT /{bucket}/{key}` as storage services have it: a dock brings a file, signed with the keys it was given. The file
//! is on the disk before the answer goes out; what it is the dock says afterwards (`fleet/cloud/media.rs`).

use std::path::Path as FilePath;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, put};
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio_stream::StreamExt;

use crate::api::fleet::MaybeFleet;
use crate::api::s3_error::S3Error;
use crate::api::signature::{Keys, Payload, verify};
use crate::api::state::ApiState;
use crate::clock;
use crate::fleet::cloud::objects::{BUCKET, Objects, REGION};
use crate::fleet::service::Fleet;
use crate::stage::intake::LARGEST_FILE_BYTES;

/// A sender that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Longest key, bytes, as S3 has it.
const LONGEST_KEY: usize = 1024;
/// Bytes of a refused body that are read on, so that the sender hears the refusal.
const READ_ON_BYTES: u64 = 32 * 1024 * 1024;

/// What can be done with an object.
pub fn object() -> MethodRouter<ApiState> {
    put(bring).head(is_there)
}

/// One request.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

/// `GET /{bucket}?location`, which clients ask before their first upload, and whether the bucket is there.
pub async fn bucket(
    State(fleet): State<MaybeFleet>,
    Path(bucket): Path<String>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, S3Error> {
    let asked = Asked { method, uri, headers };
    admitted(&fleet, &bucket, &asked)?;
    if asked
        .uri
        .query()
        .is_some_and(|query| query.starts_with("location"))
    {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{REGION}</LocationConstraint>\n"
        );
        return Ok(([(header::CONTENT_TYPE, "application/xml")], body).into_response());
    }
    if asked.method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    Err(S3Error::not_implemented("objects are not listed"))
}

/// `HEAD /{bucket}/{key}`.
async fn is_there(
    State(fleet): State<MaybeFleet>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, S3Error> {
    let (objects, _) = admitted(&fleet, &bucket, &Asked { method, uri, headers })?;
    match fs::metadata(objects.path(&key)).await {
        Ok(found) => Ok(([(header::CONTENT_LENGTH, found.len().to_string())], ()).into_response()),
        Err(_absent) => Err(S3Error::new(StatusCode::NOT_FOUND, "NoSuchKey", "no such object")),
    }
}

/// `PUT /{bucket}/{key}`.
async fn bring(
    State(fleet): State<MaybeFleet>,
    Path((bucket, key)): Path<(String, String)>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, S3Error> {
    let asked = Asked { method, uri, headers };
    let admission = admitted(&fleet, &bucket, &asked).and_then(|(objects, payload)| {
        if key.is_empty() || key.len() > LONGEST_KEY {
            let message = format!("a key has 1 to {LONGEST_KEY} bytes");
            return Err(S3Error::new(StatusCode::BAD_REQUEST, "KeyTooLongError", message));
        }
        if asked.uri.query().is_some_and(|query| query.contains("uploadId")) {
            return Err(S3Error::not_implemented(
                "uploads in parts are not taken; send the object whole",
            ));
        }
        Ok((objects.path(&key), payload))
    });
    let (path, payload) = match admission {
        Ok(admitted) => admitted,
        Err(refused) => {
            read_on(body).await;
            return Err(refused);
        }
    };
    let etag = store(body, &path, &payload).await?;
    tracing::debug!(key, "an object is here");
    Ok(([(header::ETAG, format!("\"{etag}\""))], ()).into_response())
}

/// Whether a request may come in, and what it says of its body.
fn admitted<'f>(
    fleet: &'f MaybeFleet,
    bucket: &str,
    asked: &Asked,
) -> Result<(&'f Objects, Payload), S3Error> {
    let served = fleet.get().and_then(|fleet| Some((fleet, fleet.cloud()?)));
    let Some((fleet, cloud)) = served.filter(|_| bucket == BUCKET) else {
        return Err(S3Error::new(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            "no such bucket",
        ));
    };
    let keys = Keys {
        id: &cloud.objects.key_id,
        secret: &cloud.objects.key_secret,
        token: &cloud.objects.token,
    };
    let payload = verify((&asked.method, &asked.uri, &asked.headers), keys, &clocks(fleet))?;
    Ok((&cloud.objects, payload))
}

/// Docks of a simulated day sign by its clock.
fn clocks(fleet: &Fleet) -> [survey::time::UtcMicros; 2] {
    [clock::now(), fleet.clock().now()]
}

/// Writes the body beside its place and moves it there when it is whole. Answers its MD5.
async fn store(body: Body, path: &FilePath, payload: &Payload) -> Result<String, S3Error> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).await?;
    let part = tempfile::Builder::new()
        .suffix(".part")
        .tempfile_in(folder)?
        .into_temp_path();
    let mut file = File::create(&part).await?;
    let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
    let mut written = 0_u64;
    let mut pieces = body.into_data_stream();
    loop {
        let piece = match tokio::time::timeout(SILENCE, pieces.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                let message = "the transfer broke off; send the object again";
                return Err(S3Error::new(StatusCode::BAD_REQUEST, "IncompleteBody", message));
            }
        };
        written += piece.len() as u64;
        if written > LARGEST_FILE_BYTES {
            return Err(S3Error::too_large(LARGEST_FILE_BYTES));
        }
        md5.update(&piece);
        sha256.update(&piece);
        file.write_all(&piece).await?;
    }
    if let Payload::Sha256(stated) = payload
        && *stated != hex::encode(sha256.finalize())
    {
        let message = "the body does not have the SHA-256 of x-amz-content-sha256";
        return Err(S3Error::new(
            StatusCode::BAD_REQUEST,
            "XAmzContentSHA256Mismatch",
            message,
        ));
    }
    file.flush().await?;
    file.sync_all().await?;
    part.persist(path).map_err(|error| S3Error::from(error.error))?;
    // The name has to outlive a power cut as well as the bytes.
    File::open(folder).await?.sync_all().await?;
    Ok(hex::encode(md5.finalize()))
}

/// A sender that is still writing would not hear a refusal given over its head.
async fn read_on(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut read = 0;
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(SILENCE, pieces.next()).await {
        read += piece.len() as u64;
        if read > READ_ON_BYTES {
            return;
        }
    }
}
