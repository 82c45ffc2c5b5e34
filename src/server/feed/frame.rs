//! Encodes SSE frames (WHATWG HTML, "Server-sent events"). Data is always JSON on one line, so no
//! user's text can begin a field.

use super::{AnswerBlock, UnsentText};
use crate::domain::{Change, Cursor, MessageStatus, RemovedKind, Scopes, ids::ConversationId};
use serde_json::{Value, json};
use std::fmt::Write;
use uuid::Uuid;

/// A row of the feed, encoded once for all streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRow {
    /// The revision of the change.
    pub rev: i64,
    /// Name of the event, also the key of the row in the data.
    pub event: &'static str,
    /// The row as JSON.
    pub json: String,
    /// Kind and id of the changed thing.
    pub key: (RemovedKind, Uuid),
    /// Whether it is a message whose text is complete.
    pub settled: bool,
    /// Its conversation; `None` if it has none, or for a removal.
    pub conversation_id: Option<ConversationId>,
}

impl From<&Change> for EncodedRow {
    fn from(change: &Change) -> Self {
        let encoded = |row: serde_json::Result<String>| row.expect("rows are plain values");
        let (json, key, conversation_id) = match change {
            Change::Entry(entry) => (
                encoded(serde_json::to_string(entry)),
                (RemovedKind::Entry, entry.id.uuid()),
                entry.conversation_id,
            ),
            Change::Message(message) => (
                encoded(serde_json::to_string(message)),
                (RemovedKind::Message, message.id.uuid()),
                Some(message.conversation_id),
            ),
            Change::Conversation(row) => (
                encoded(serde_json::to_string(row)),
                (RemovedKind::Conversation, row.id.uuid()),
                Some(row.id),
            ),
            Change::Removed(removed) => (
                encoded(serde_json::to_string(removed)),
                (removed.kind, removed.id),
                None,
            ),
        };
        let settled = matches!(
            change,
            Change::Message(message) if message.status != MessageStatus::Streaming
        );
        Self {
            rev: change.rev(),
            event: change.event(),
            json,
            key,
            settled,
            conversation_id,
        }
    }
}

impl EncodedRow {
    /// Whether a stream restricted to one conversation sends it.
    pub fn concerns(&self, only: Option<ConversationId>) -> bool {
        only.is_none_or(|id| {
            self.conversation_id.is_none_or(|own| own == id)
                && (self.event != "entry" || self.conversation_id == Some(id))
        })
    }

    /// Whether a stream with these scopes sends it.
    pub const fn is_within(&self, scopes: Scopes) -> bool {
        scopes.contains(self.key.0.scope())
    }

    /// Writes the frame for a stream whose last id is `prev`.
    pub fn write(&self, out: &mut String, prev: Cursor) {
        let Self {
            rev, event, json, ..
        } = self;
        let id = Cursor { rev: *rev, ..prev };
        write!(
            out,
            "id: {id}\nevent: {event}\ndata: {{\"prev\":\"{prev}\",\"{event}\":{json}}}\n\n"
        )
        .expect("text can be written to a String");
    }
}

/// Writes a heartbeat; its id moves the client's cursor past rows that were not sent to it.
pub(super) fn write_heartbeat(out: &mut String, cursor: Cursor) {
    write!(out, "id: {cursor}\nevent: heartbeat\ndata: {{}}\n\n")
        .expect("text can be written to a String");
}

/// The events of an answer in progress: each new block, then the text behind them.
pub fn growth_events(growth: &UnsentText) -> Vec<(&'static str, Value)> {
    let UnsentText {
        message,
        first,
        blocks,
        offset,
        text,
    } = growth;
    let block = |(at, block): (usize, &AnswerBlock)| {
        let AnswerBlock { html, up_to } = block;
        let data =
            json!({ "messageId": message, "index": first + at, "html": html, "upTo": up_to });
        ("block", data)
    };
    let mut events: Vec<_> = blocks.iter().enumerate().map(block).collect();
    if !text.is_empty() {
        let data = json!({ "messageId": message, "offset": offset, "text": text });
        events.push(("delta", data));
    }
    events
}

/// Writes growth of an answer, without an id: it does not move the cursor. Returns the number of
/// frames.
pub(super) fn write_growth(out: &mut String, growth: &UnsentText) -> usize {
    let events = growth_events(growth);
    for (event, data) in &events {
        write!(out, "event: {event}\ndata: {data}\n\n").expect("text can be written to a String");
    }
    events.len()
}

/// An event that is the last of its stream, with the delay before the client reconnects.
pub fn final_event(event: &str, retry_ms: u64, data: &serde_json::Value) -> String {
    format!("retry: {retry_ms}\nevent: {event}\ndata: {data}\n\n")
}
