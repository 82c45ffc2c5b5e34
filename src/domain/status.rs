//! How a piece of work stands.

use super::vocabulary::vocabulary;

vocabulary! {
    /// How a piece of work stands. Only `Working` may change into another; the rest are settled.
    Status {
        /// It is going on; the entry holds a lease.
        Working = "working",
        /// It went well.
        Success = "success",
        /// It ended, but not as it should.
        Warning = "warning",
        /// It failed.
        Error = "error",
        /// Nothing to go well or fail: a note.
        Info = "info",
    }
}

impl Status {
    /// The word a person reads beside the glyph.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Working => "Working",
            Self::Success => "Done",
            Self::Warning => "Warning",
            Self::Error => "Failed",
            Self::Info => "Note",
        }
    }

    /// Whether it must stay in sight when the rest of a turn folds away.
    pub const fn stands_out(self) -> bool {
        matches!(self, Self::Working | Self::Warning | Self::Error)
    }

    /// Whether an entry may go from here to `next`: settled work does not start again.
    pub fn may_become(self, next: Self) -> bool {
        self == Self::Working || next != Self::Working
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{Error, Success, Working};

    #[test]
    fn settled_work_does_not_start_again() {
        assert!(Working.may_become(Success) && Working.may_become(Working));
        assert!(Success.may_become(Error));
        assert!(!Success.may_become(Working) && !Error.may_become(Working));
    }
}
