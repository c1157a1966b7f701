//! Refusals in the form of S3, which is what the senders at the object door read.

use std::io;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Error {
    /// HTTP status.
    pub status: StatusCode,
    /// Code of S3.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

impl S3Error {
    /// A refusal of this code.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// Not signed, or not by the keys that were given out.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    /// What this door does not do.
    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    /// Larger than any photo.
    pub fn too_large(most: u64) -> Self {
        let message = format!("an object here has at most {most} bytes");
        Self::new(StatusCode::BAD_REQUEST, "EntityTooLarge", message)
    }
}

impl From<io::Error> for S3Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        tracing::error!(%error, "object door failed");
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "SlowDown",
                "the disk is full: keep the file and come again later",
            ),
            _ => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "internal error; the log has the cause",
            ),
        }
    }
}

impl IntoResponse for S3Error {
    fn into_response(self) -> Response {
        let escaped = self
            .message
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{escaped}</Message></Error>\n",
            self.code
        );
        (self.status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}
