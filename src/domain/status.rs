//! The status of a work log entry.

use super::vocabulary::vocabulary;

vocabulary! {
    /// The status of a work log entry. Only `Working` may become another; the rest are final.
    Status {
        /// In progress; the entry holds a lease.
        Working = "working",
        /// It succeeded.
        Success = "success",
        /// It ended, but not as intended.
        Warning = "warning",
        /// It failed.
        Error = "error",
        /// A note, which cannot fail.
        Info = "info",
    }
}

impl Status {
    /// The word shown beside the status icon.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Working => "Working",
            Self::Success => "Done",
            Self::Warning => "Warning",
            Self::Error => "Failed",
            Self::Info => "Note",
        }
    }

    /// Whether the entry stays visible when its turn is folded.
    pub const fn stands_out(self) -> bool {
        matches!(self, Self::Working | Self::Warning | Self::Error)
    }

    /// Whether the status may change to `next`: finished work does not start again.
    pub fn may_become(self, next: Self) -> bool {
        self == Self::Working || next != Self::Working
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{Error, Success, Working};

    #[test]
    fn finished_work_does_not_start_again() {
        assert!(Working.may_become(Success) && Working.may_become(Working));
        assert!(Success.may_become(Error));
        assert!(!Success.may_become(Working) && !Error.may_become(Working));
    }
}
