//! In which tier an entry is kept.

use super::vocabulary::vocabulary;

vocabulary! {
    /// In which tier an entry is kept; the ages are settings (7, 30 and 90 days by default).
    StorageStatus {
        /// A row, as written.
        Hot = "hot",
        /// The same row, its long fields packed where that saves a quarter of them.
        Warm = "warm",
        /// In object storage.
        Cold = "cold",
        /// In object storage and kept for good.
        Archived = "archived",
    }
}
