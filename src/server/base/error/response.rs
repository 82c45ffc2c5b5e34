//! Maps errors to responses, for the HTTP API and for server functions.

use super::{Error, StoreError, capitalised};
use axum::http::StatusCode;

/// When to retry after a temporary failure.
const RETRY_AFTER_S: u64 = 60;

/// The response to an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// HTTP status.
    pub status: StatusCode,
    /// What went wrong and what to do, in lower case without a full stop.
    pub detail: String,
    /// When to retry, in seconds.
    pub retry_after_s: Option<u64>,
    /// What failed on the server. It is logged together with the error, whose cause is not sent.
    pub failed: Option<&'static str>,
}

impl ErrorResponse {
    /// The detail as a sentence.
    pub fn sentence(&self) -> String {
        capitalised(&self.detail)
    }

    fn refused(status: StatusCode, detail: String) -> Self {
        Self {
            status,
            detail,
            retry_after_s: None,
            failed: None,
        }
    }

    fn unavailable(failed: &'static str, detail: &str, is_temporary: bool) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            detail: detail.to_owned(),
            retry_after_s: is_temporary.then_some(RETRY_AFTER_S),
            failed: Some(failed),
        }
    }
}

impl From<&Error> for ErrorResponse {
    fn from(error: &Error) -> Self {
        match error {
            Error::NotFound(_) => Self::refused(StatusCode::NOT_FOUND, error.to_string()),
            Error::Conflict(_) | Error::Superseded => {
                Self::refused(StatusCode::CONFLICT, error.to_string())
            }
            Error::Refused(_) => Self::refused(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            Error::TooMany { after_s, .. } => Self {
                retry_after_s: Some(*after_s),
                ..Self::refused(StatusCode::TOO_MANY_REQUESTS, error.to_string())
            },
            Error::Archive(error) => {
                let (detail, is_temporary) = error.user_message();
                Self::unavailable("the archive failed", detail, is_temporary)
            }
            Error::Files(_) => Self::unavailable(
                "the file storage failed",
                "the file storage is unreachable; try again in a minute",
                true,
            ),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<&StoreError> for ErrorResponse {
    fn from(error: &StoreError) -> Self {
        let failed = "a request failed";
        if error.is_temporary() {
            let detail = "the server cannot read or store data now; try again in a minute";
            return Self::unavailable(failed, detail, true);
        }
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            detail: "something went wrong on the server; find the request's id in the server's log"
                .to_owned(),
            retry_after_s: None,
            failed: Some(failed),
        }
    }
}
