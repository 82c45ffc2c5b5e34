//! A conversation, without what was said in it.

use crate::{
    ids::{ConversationId, TurnId},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A conversation as lists and frames show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its address is `/c/{id}`.
    pub id: ConversationId,
    /// From its first message until somebody renames it.
    pub title: String,
    /// Server time at which it began.
    pub created_at: Timestamp,
    /// Server time of its last message or rename; lists are sorted by it.
    pub updated_at: Timestamp,
    /// The turn that is running now, if any.
    pub running_turn_id: Option<TurnId>,
    /// The model that is asked first, as `provider:model`; the chain's order holds without one.
    #[serde(default)]
    pub model: Option<String>,
    /// The owner's revision at which it last changed.
    pub rev: i64,
}

impl Conversation {
    /// Where the page is.
    pub fn path(&self) -> String {
        format!("/c/{}", self.id)
    }
}
