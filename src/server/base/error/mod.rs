//! Why a verb of the domain was not carried out. Routes turn it into a status, pages into a
//! sentence.

mod archive;
mod files;
mod response;
mod store;

pub use archive::ArchiveError;
pub use files::FileError;
pub use response::ErrorResponse;
pub use store::StoreError;

use crate::domain::FieldError;

/// Why a verb of the domain was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is somebody else's (404).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Fields that cannot be taken (422).
    #[error("{}", sentence(.0))]
    Refused(Vec<FieldError>),
    /// It does not fit how things stand now (409).
    #[error("{0}")]
    Conflict(String),
    /// Too often or too much; it may be tried again after so many seconds (429).
    #[error("{why}")]
    TooMany {
        /// When it is worth trying again, in seconds.
        after_s: u64,
        /// What there was too much of, and what to do.
        why: String,
    },
    /// The archive could not be read or written (503).
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file could not be stored or read (503).
    #[error("{0}")]
    Files(String),
    /// Another run of retention has begun (409).
    #[error("another run of retention has taken over")]
    Superseded,
    /// The database or the disk failed (503 where that may pass, or 500); the cause stays on the
    /// server.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What verbs return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// One field that cannot be taken.
    pub fn refused(field: &str, reason: impl Into<String>) -> Self {
        Self::Refused(vec![FieldError {
            field: field.to_owned(),
            reason: reason.into(),
        }])
    }

    /// Whether the archive did not answer, so that asking it again at once is in vain.
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

/// An error as a sentence of its own: a capital at its beginning, a full stop at its end.
pub fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
