//! Errors of the file storage.

/// An error of the file storage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// The file does not exist.
    #[error("there is no such file")]
    Missing,
    /// The storage did not respond, or refused the request.
    #[error("file storage: {0}")]
    Unreachable(String),
}
