//! Why a file was not stored, read or deleted.

/// Why a file was not stored, read or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is not there.
    #[error("there is no such file")]
    Missing,
    /// The storage did not answer, or refused.
    #[error("file storage: {0}")]
    Unreachable(String),
}
