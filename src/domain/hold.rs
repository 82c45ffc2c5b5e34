//! A legal hold as admins see it.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// An active hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldInfo {
    /// Its id.
    pub id: String,
    /// The address of the user whose entries are held.
    pub person: String,
    /// The conversation it is limited to, if any.
    pub conversation: Option<String>,
    /// The reason given.
    pub reason: String,
    /// The address of the admin who placed it.
    pub placed_by: String,
    /// When it was placed.
    pub since: Timestamp,
}
