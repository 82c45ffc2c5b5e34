//! A conversation, without what was said in it.

use crate::domain::{
    ids::{ConversationId, TurnId},
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;

/// Conversations of one list, the most recently used ones; the next list goes on behind them.
pub const CONVERSATIONS_LISTED: usize = 200;

/// A conversation as lists and frames show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    pub model: Option<String>,
    /// Whether its owner keeps it: nothing in it expires.
    pub kept: bool,
    /// The owner's revision at which it last changed.
    pub rev: i64,
}

deserialize_by_read!(Conversation);

impl Conversation {
    /// The conversation in a JSON value.
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

    /// Where the page is.
    pub fn path(&self) -> String {
        format!("/c/{}", self.id)
    }
}
