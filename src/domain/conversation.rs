//! A conversation without its messages.

use crate::domain::{
    ids::{ConversationId, TurnId},
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;

/// Maximum length of one list of conversations, most recently used first; more are loaded by page.
pub const CONVERSATIONS_LISTED: usize = 200;

/// A conversation in lists and frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id; the page is `/c/{id}`.
    pub id: ConversationId,
    /// Taken from its first message until the owner renames it.
    pub title: String,
    /// Server time of its creation.
    pub created_at: Timestamp,
    /// Server time of its last message or rename; lists are sorted by it.
    pub updated_at: Timestamp,
    /// The turn that is running now, if any.
    pub running_turn_id: Option<TurnId>,
    /// The preferred model as `provider:model`; `None` keeps the order of the chain.
    pub model: Option<String>,
    /// Whether its owner keeps it; then nothing in it expires.
    pub kept: bool,
    /// The owner's revision at which it last changed.
    pub rev: i64,
}

deserialize_by_read!(Conversation);

impl Conversation {
    /// Reads a conversation from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            id: fields.parsed("id")?,
            title: fields.string("title")?,
            created_at: fields.time("createdAt")?,
            updated_at: fields.time("updatedAt")?,
            running_turn_id: fields.parsed("runningTurnId"),
            model: fields.string("model"),
            kept: fields.flag("kept"),
            rev: fields.number("rev")?,
        })
    }

    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/c/{}", self.id)
    }
}
