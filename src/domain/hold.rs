//! A hold as admins see it.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A hold in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldInfo {
    /// Its id.
    pub id: String,
    /// The address of the person whose entries it holds.
    pub person: String,
    /// Only of this conversation.
    pub conversation: Option<String>,
    /// Why.
    pub reason: String,
    /// The address of the admin who placed it.
    pub placed_by: String,
    /// Since when.
    pub since: Timestamp,
}
