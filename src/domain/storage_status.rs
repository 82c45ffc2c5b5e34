//! The storage tier of an entry.

use super::vocabulary::vocabulary;

vocabulary! {
    /// The storage tier of an entry; the ages are settings (7, 30 and 90 days by default).
    StorageStatus {
        /// A plain row.
        Hot = "hot",
        /// A row whose long fields are compressed if that saves a quarter of them.
        Warm = "warm",
        /// In object storage.
        Cold = "cold",
        /// In object storage and kept permanently.
        Archived = "archived",
    }
}
