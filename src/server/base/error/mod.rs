//! Errors of the server's operations. `response` maps them to a status and a sentence.

mod archive;
mod files;
mod response;
mod store;

pub use archive::ArchiveError;
pub use files::FileError;
pub use response::ErrorResponse;
pub use store::StoreError;

use crate::domain::FieldError;

/// An error of an operation of the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or belongs to another user (404).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Fields that are not valid (422).
    #[error("{}", sentence(.0))]
    Refused(Vec<FieldError>),
    /// It conflicts with the current state (409).
    #[error("{0}")]
    Conflict(String),
    /// A limit is exceeded (429).
    #[error("{why}")]
    TooMany {
        /// When to retry, in seconds.
        after_s: u64,
        /// The exceeded limit, and what to do.
        why: String,
    },
    /// The archive could not be read or written (503).
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file could not be stored or read (503).
    #[error("{0}")]
    Files(String),
    /// Another retention run has begun (409).
    #[error("another retention run has taken over")]
    Superseded,
    /// The database or the disk failed (503 if temporary, else 500); the cause is logged and not
    /// sent.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Result of the server's operations.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A field that is not valid.
    pub fn refused(field: &str, reason: impl Into<String>) -> Self {
        Self::Refused(vec![FieldError {
            field: field.to_owned(),
            reason: reason.into(),
        }])
    }

    /// Whether the archive is unreachable, so an immediate retry is pointless.
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Archive(ArchiveError::Unreachable(_)))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Missing => Self::NotFound("file"),
            FileError::Unreachable(why) => Self::Files(why),
        }
    }
}

fn sentence(fields: &[FieldError]) -> String {
    fields
        .iter()
        .map(|problem| format!("{} {}", problem.field, problem.reason))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Makes an error a sentence: with an initial capital and a full stop.
pub fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
