//! The body of an upload onto the disk: whole or in chunks, held against whatever the request says of it.

use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use formats::aws_chunked::{ChunkError, Decoder, Piece};
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio_stream::StreamExt;

use crate::api::chunk_signature::ChunkSigner;
use crate::api::s3_error::S3Error;
use crate::api::signature::Payload;
use crate::stage::intake::LARGEST_FILE_BYTES;

/// A sender that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes of a refused body that are read on, so that the sender hears the refusal.
const READ_ON_BYTES: u64 = 32 * 1024 * 1024;

/// Writes the body beside its place and moves it there when it is whole; `place` is told its MD5. Answers the MD5,
/// lower-case hexadecimal.
///
/// # Errors
/// A body that is not what the request says, a disk that is full.
pub async fn store(
    body: Body,
    folder: &FilePath,
    (payload, headers): (Payload, &HeaderMap),
    place: impl FnOnce(&str) -> PathBuf,
) -> Result<String, S3Error> {
    fs::create_dir_all(folder).await?;
    let part = tempfile::Builder::new()
        .suffix(".part")
        .tempfile_in(folder)?
        .into_temp_path();
    let mut sink = Sink {
        file: File::create(&part).await?,
        md5: Md5::new(),
        sha256: Sha256::new(),
        written: 0,
    };
    match payload {
        Payload::Chunks { signer, length } => take_chunks(body, &mut sink, (signer, length)).await?,
        Payload::Sha256(stated) => {
            take_whole(body, &mut sink).await?;
            if stated != hex::encode(sink.sha256.clone().finalize()) {
                let message = "the body does not have the SHA-256 of x-amz-content-sha256";
                return Err(bad_request("XAmzContentSHA256Mismatch", message));
            }
        }
        Payload::Unsigned => take_whole(body, &mut sink).await?,
    }
    let digest = sink.md5.finalize();
    let stated = headers.get("content-md5").and_then(|value| value.to_str().ok());
    if stated.is_some_and(|stated| base64_of(&digest) != stated.trim()) {
        return Err(bad_request(
            "BadDigest",
            "the body does not have the MD5 of Content-MD5",
        ));
    }
    sink.file.flush().await?;
    sink.file.sync_all().await?;
    let etag = hex::encode(digest);
    part.persist(place(&etag))
        .map_err(|error| S3Error::from(error.error))?;
    // The name has to outlive a power cut as well as the bytes.
    File::open(folder).await?.sync_all().await?;
    Ok(etag)
}

struct Sink {
    file: File,
    md5: Md5,
    sha256: Sha256,
    written: u64,
}

impl Sink {
    async fn write(&mut self, piece: &[u8]) -> Result<(), S3Error> {
        self.written += piece.len() as u64;
        if self.written > LARGEST_FILE_BYTES {
            return Err(S3Error::too_large(LARGEST_FILE_BYTES));
        }
        self.md5.update(piece);
        self.sha256.update(piece);
        Ok(self.file.write_all(piece).await?)
    }
}

async fn take_whole(body: Body, sink: &mut Sink) -> Result<(), S3Error> {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = next(&mut pieces).await? {
        sink.write(&piece).await?;
    }
    Ok(())
}

async fn next(pieces: &mut axum::body::BodyDataStream) -> Result<Option<axum::body::Bytes>, S3Error> {
    match tokio::time::timeout(SILENCE, pieces.next()).await {
        Ok(Some(Ok(piece))) => Ok(Some(piece)),
        Ok(None) => Ok(None),
        Ok(Some(Err(_))) | Err(_) => Err(bad_request(
            "IncompleteBody",
            "the transfer broke off; send the object again",
        )),
    }
}

async fn take_chunks(
    body: Body,
    sink: &mut Sink,
    (signer, length): (Option<ChunkSigner>, Option<u64>),
) -> Result<(), S3Error> {
    let mut decoder = Decoder::default();
    let mut check = ChunkCheck {
        signer,
        signature: String::new(),
        sha256: Sha256::new(),
        trailer: String::new(),
        trailer_signed: false,
    };
    let mut pieces = body.into_data_stream();
    while let Some(bytes) = next(&mut pieces).await? {
        for piece in decoder.push(&bytes).map_err(no_chunks)? {
            if let Piece::Data(data) = &piece {
                sink.write(data).await?;
            }
            check.take(piece)?;
        }
    }
    decoder.finish().map_err(no_chunks)?;
    check.finish()?;
    match length {
        Some(length) if length != sink.written => Err(bad_request(
            "IncompleteBody",
            "the chunks are not as long as x-amz-decoded-content-length says",
        )),
        _ => Ok(()),
    }
}

/// Chunks and trailer against their signatures.
struct ChunkCheck {
    signer: Option<ChunkSigner>,
    signature: String,
    sha256: Sha256,
    trailer: String,
    trailer_signed: bool,
}

impl ChunkCheck {
    fn take(&mut self, piece: Piece) -> Result<(), S3Error> {
        match piece {
            Piece::Begin { signature, .. } => {
                self.signature = signature.unwrap_or_default();
                self.sha256 = Sha256::new();
            }
            Piece::Data(data) => self.sha256.update(&data),
            Piece::End => {
                let sha256 = hex::encode(std::mem::take(&mut self.sha256).finalize());
                if let Some(signer) = &mut self.signer
                    && !signer.is_chunk(&sha256, &self.signature)
                {
                    return Err(not_signed());
                }
            }
            Piece::Trailer { name, value } if name == "x-amz-trailer-signature" => {
                self.trailer_signed = match &mut self.signer {
                    Some(signer) => signer.is_trailer(&self.trailer, &value),
                    None => true,
                };
                if !self.trailer_signed {
                    return Err(not_signed());
                }
            }
            Piece::Trailer { name, value } => {
                self.trailer_signed = false;
                self.trailer.push_str(&format!("{name}:{value}\n"));
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), S3Error> {
        match self.signer.is_none() || self.trailer.is_empty() || self.trailer_signed {
            true => Ok(()),
            false => Err(not_signed()),
        }
    }
}

/// A sender that is still writing would not hear a refusal given over its head.
pub async fn read_on(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut read = 0;
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(SILENCE, pieces.next()).await {
        read += piece.len() as u64;
        if read > READ_ON_BYTES {
            return;
        }
    }
}

fn bad_request(code: &'static str, message: &str) -> S3Error {
    S3Error::new(StatusCode::BAD_REQUEST, code, message)
}

fn no_chunks(error: ChunkError) -> S3Error {
    let code = match error {
        ChunkError::Short => "IncompleteBody",
        _ => "InvalidChunkSizeError",
    };
    bad_request(code, &error.to_string())
}

fn not_signed() -> S3Error {
    let message = "a chunk is not signed with the keys of the request";
    S3Error::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message)
}

/// RFC 4648, for the sixteen bytes of an MD5.
fn base64_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            text.push(match place <= group.len() {
                true => char::from(DIGITS[digit as usize]),
                false => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_md5_is_written_as_rfc_4648_has_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64_of(bytes.as_bytes()), text);
        }
    }
}
