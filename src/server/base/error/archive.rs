//! Errors of the archive.

/// An error of the archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The object does not exist.
    #[error("the archive has no object {0}")]
    Missing(String),
    /// The object does not match the manifest.
    #[error("the archive's object {0} is damaged: {1}")]
    Damaged(String, String),
    /// The archive did not respond, or refused the request.
    #[error("the archive: {0}")]
    Unreachable(String),
}

impl ArchiveError {
    /// The sentence for users, and whether the error is temporary.
    pub const fn user_message(&self) -> (&'static str, bool) {
        match self {
            Self::Unreachable(_) => (
                "the archive of older entries is unreachable; newer entries are not affected. \
                 Try again in a minute",
                true,
            ),
            Self::Missing(_) | Self::Damaged(..) => (
                "this is in a part of the archive that is damaged or missing; \
                 the stats page tells an admin what to restore",
                false,
            ),
        }
    }
}
