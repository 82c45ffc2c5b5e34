//! Why the archive did not do what was asked.

/// Why the archive did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// There is no such object.
    #[error("the archive has no object {0}")]
    Missing(String),
    /// It is not what the manifest says.
    #[error("the archive's object {0} is damaged: {1}")]
    Damaged(String, String),
    /// It did not answer, or refused.
    #[error("the archive: {0}")]
    Unreachable(String),
}

impl ArchiveError {
    /// What somebody is told who wanted something of it, and whether it is worth trying again in a
    /// minute.
    pub const fn told(&self) -> (&'static str, bool) {
        match self {
            Self::Unreachable(_) => (
                "the archive of older entries does not answer; newer entries are not affected. Try again in a minute",
                true,
            ),
            Self::Missing(_) | Self::Damaged(..) => (
                "this lies in a part of the archive that is damaged or missing; the stats page tells an admin what to put back",
                false,
            ),
        }
    }
}
