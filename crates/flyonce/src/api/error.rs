//! What the API answers when something is wrong: a status, a code for programs, words for people.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::lang::Words;
use crate::review::DecideError;

/// `{"error": {"code": …, "message": {"zh": …, "en": …}}}`
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// Code and words of an error.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable code.
    pub code: String,
    /// Words for people.
    pub message: Words,
}

/// An error on its way to the client.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Words,
}

impl ApiError {
    /// 404: there is no such thing.
    pub fn not_found(what: Words) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "not_found",
            message: what,
        }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: Words) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "bad_request",
            message,
        }
    }

    /// 403: not from here.
    pub fn forbidden(message: Words) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "forbidden",
            message,
        }
    }

    /// 409: somebody was faster, or the move is not allowed.
    pub fn conflict(code: &'static str, message: Words) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code,
            message,
        }
    }

    /// 422: something is missing.
    pub fn incomplete(code: &'static str, message: Words) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code,
            message,
        }
    }

    /// 500: the cause goes to the log, not to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "request failed");
        let message = Words::new("服务器内部错误,详见日志", "internal error; the log has the cause");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            message,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, id } => Self::not_found(Words::new(
                format!("没有 {what} {id}"),
                format!("there is no {what} {id}"),
            )),
            StoreError::BadDigest { text } => Self::bad_request(Words::new(
                format!("{text} 不是 SHA-256"),
                format!("{text} is not a SHA-256"),
            )),
            other => Self::internal(other),
        }
    }
}

impl From<DecideError> for ApiError {
    fn from(error: DecideError) -> Self {
        match error {
            DecideError::Incomplete { code, words } => Self::incomplete(code, words),
            DecideError::Conflict { code, words } => Self::conflict(code, words),
            DecideError::Store(error) => error.into(),
        }
    }
}

/// An error of a shared path: a row that is not there stays a 404.
impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<StoreError>() {
            Ok(error) => error.into(),
            Err(error) => Self::internal(format!("{error:#}")),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorDetail {
            code: self.code.to_owned(),
            message: self.message,
        };
        (self.status, Json(ErrorBody { error })).into_response()
    }
}
