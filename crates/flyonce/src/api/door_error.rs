//! What the photo door answers when something is wrong: a status, a code for programs, words for people, and how far
//! the file came.

use std::io;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use store::rows::PhotoRow;
use utoipa::ToSchema;

use crate::api::error::ErrorDetail;
use crate::lang::Words;

/// A refusal, with how far the file came.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoorRefusal {
    /// The code of `error` once more, for senders that read no deeper.
    pub code: String,
    /// What went wrong.
    pub error: ErrorDetail,
    /// Bytes that are here; a sender goes on from there.
    pub received_bytes: u64,
}

/// A refusal on its way to the sender.
#[derive(Debug)]
pub struct DoorError {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// Words for people.
    pub message: Words,
    /// Bytes that are here.
    pub received_bytes: u64,
}

impl DoorError {
    /// 400: the request makes no sense, or its body broke off.
    pub fn bad_request(zh: &str, en: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "bad_request",
            message: Words::new(zh, en),
            received_bytes: 0,
        }
    }

    /// 409: the piece does not begin where the part ends.
    pub fn offset(received: u64) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: "offset",
            message: Words::new(
                format!("已收到 {received} 字节,请从此处继续"),
                format!("{received} bytes are here: go on from there"),
            ),
            received_bytes: received,
        }
    }

    /// 409: this image number has other content.
    pub fn index_taken(other: &PhotoRow) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: "index_taken",
            message: Words::new(
                format!("该编号已有内容不同的照片 {}", other.photo_id),
                format!("photo {} with other content has this number", other.photo_id),
            ),
            received_bytes: 0,
        }
    }

    /// 413: no photo is that large.
    pub fn too_large(what_zh: &str, what_en: &str, most: u64) -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: "too_large",
            message: Words::new(
                format!("{what_zh}超过 {most} 字节"),
                format!("the {what_en} is larger than {most} bytes"),
            ),
            received_bytes: 0,
        }
    }

    /// A full disk is the sender's business, too: it has to keep the photo and come again.
    pub fn full() -> Self {
        Self {
            status: StatusCode::INSUFFICIENT_STORAGE,
            code: "disk_full",
            message: Words::new(
                "磁盘已满,照片请保留,稍后重传",
                "the disk is full: keep the photo and come again later",
            ),
            received_bytes: 0,
        }
    }

    fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "photo door failed");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            message: Words::new("服务器内部错误,详见日志", "internal error; the log has the cause"),
            received_bytes: 0,
        }
    }

    /// Why a whole file could not be taken in; it stays.
    pub fn of_delivery(error: anyhow::Error, received_bytes: u64) -> Self {
        let found = match error.downcast::<StoreError>() {
            Ok(error) => Self::from(error),
            Err(error) => match error.downcast::<io::Error>() {
                Ok(error) => Self::from(error),
                Err(error) => Self::internal(&format!("{error:#}")),
            },
        };
        Self {
            received_bytes,
            ..found
        }
    }
}

impl From<io::Error> for DoorError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::full(),
            _ => Self::internal(&error),
        }
    }
}

impl From<StoreError> for DoorError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull { .. } | StoreError::DatabaseFull => Self::full(),
            StoreError::Io { source, .. } => source.into(),
            other => Self::internal(&other),
        }
    }
}

impl IntoResponse for DoorError {
    fn into_response(self) -> Response {
        let refusal = DoorRefusal {
            code: self.code.to_owned(),
            error: ErrorDetail {
                code: self.code.to_owned(),
                message: self.message,
            },
            received_bytes: self.received_bytes,
        };
        (self.status, Json(refusal)).into_response()
    }
}
