//! How an error is answered. The HTTP API and server functions both answer by this one mapping.

use super::{Error, StoreError, capitalised};

/// After how many seconds a request is worth repeating that failed for a reason which passes.
const RETRY_AFTER_S: u64 = 60;

/// How an error is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// What went wrong and what to do, without a capital and a full stop.
    pub detail: String,
    /// When the same request may succeed, in seconds.
    pub retry_after_s: Option<u64>,
    /// What failed on the server. It is logged with the error, whose cause is not answered.
    pub failed: Option<&'static str>,
}

impl ErrorResponse {
    /// The detail as a sentence of its own.
    pub fn sentence(&self) -> String {
        capitalised(&self.detail)
    }

    fn refused(status: u16, detail: String) -> Self {
        Self {
            status,
            detail,
            retry_after_s: None,
            failed: None,
        }
    }

    fn unavailable(failed: &'static str, detail: &str, passes: bool) -> Self {
        Self {
            status: 503,
            detail: detail.to_owned(),
            retry_after_s: passes.then_some(RETRY_AFTER_S),
            failed: Some(failed),
        }
    }
}

impl From<&Error> for ErrorResponse {
    fn from(error: &Error) -> Self {
        match error {
            Error::NotFound(_) => Self::refused(404, error.to_string()),
            Error::Conflict(_) | Error::Superseded => Self::refused(409, error.to_string()),
            Error::Refused(_) => Self::refused(422, error.to_string()),
            Error::TooMany { after_s, .. } => Self {
                retry_after_s: Some(*after_s),
                ..Self::refused(429, error.to_string())
            },
            Error::Archive(error) => {
                let (detail, passes) = error.told();
                Self::unavailable("the archive failed", detail, passes)
            }
            Error::Files(_) => Self::unavailable(
                "the file storage failed",
                "the storage of files does not answer; try again in a minute",
                true,
            ),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<&StoreError> for ErrorResponse {
    fn from(error: &StoreError) -> Self {
        let failed = "a request failed";
        if error.is_passing() {
            let detail =
                "the server cannot store or read anything at present; try again in a minute";
            return Self::unavailable(failed, detail, true);
        }
        Self {
            status: 500,
            detail: "something went wrong on the server; the request's id finds it in the \
                     server's log"
                .to_owned(),
            retry_after_s: None,
            failed: Some(failed),
        }
    }
}
