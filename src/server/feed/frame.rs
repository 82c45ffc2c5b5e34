//! The bytes of the stream (WHATWG HTML, "Server-sent events"). Ids and event names are ours, data
//! is always JSON on one line, so no text of a person can begin a field of its own.

use crate::domain::{
    Change, Cursor, MessageStatus, RemovedKind,
    ids::{ConversationId, MessageId},
};
use std::fmt::Write;
use uuid::Uuid;

/// A row of the feed, encoded once for all its readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRow {
    /// The revision at which it came to be so.
    pub rev: i64,
    /// The event's name, also the key of the row in the data.
    pub event: &'static str,
    /// The row as JSON.
    pub json: String,
    /// What it is a row of.
    pub key: (RemovedKind, Uuid),
    /// Whether it is a message that does not grow any more.
    pub settled: bool,
    /// The conversation it stands in; `None` for what stands outside or concerns all.
    pub conversation_id: Option<ConversationId>,
}

impl EncodedRow {
    /// Encodes a change.
    pub fn of(change: &Change) -> Self {
        let written = |row: serde_json::Result<String>| row.expect("rows are plain values");
        let (json, key, conversation_id) = match change {
            Change::Entry(entry) => (
                written(serde_json::to_string(entry)),
                (RemovedKind::Entry, entry.id.uuid()),
                entry.conversation_id,
            ),
            Change::Message(message) => (
                written(serde_json::to_string(message)),
                (RemovedKind::Message, message.id.uuid()),
                Some(message.conversation_id),
            ),
            Change::Conversation(row) => (
                written(serde_json::to_string(row)),
                (RemovedKind::Conversation, row.id.uuid()),
                Some(row.id),
            ),
            Change::Removed(gone) => (
                written(serde_json::to_string(gone)),
                (gone.kind, gone.id),
                None,
            ),
        };
        let settled = matches!(change, Change::Message(message) if message.status != MessageStatus::Streaming);
        Self {
            rev: change.rev(),
            event: change.event(),
            json,
            key,
            settled,
            conversation_id,
        }
    }

    /// Whether a reader who asked for one conversation gets it.
    pub fn concerns(&self, only: Option<ConversationId>) -> bool {
        only.is_none_or(|id| {
            self.conversation_id.is_none_or(|own| own == id)
                && (self.event != "entry" || self.conversation_id == Some(id))
        })
    }

    /// Writes the frame for a reader that stands at `prev`.
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

/// Writes a heartbeat; its id moves the reader's cursor past rows that were not for it.
pub(super) fn write_heartbeat(out: &mut String, cursor: Cursor) {
    write!(out, "id: {cursor}\nevent: heartbeat\ndata: {{}}\n\n")
        .expect("text can be written to a String");
}

/// Writes text of an answer; without an id, so that it never moves a cursor.
pub(super) fn write_delta(out: &mut String, message: MessageId, offset: usize, text: &str) {
    let data = serde_json::json!({ "messageId": message, "offset": offset, "text": text });
    write!(out, "event: delta\ndata: {data}\n\n").expect("text can be written to a String");
}

/// An event that is the last of its stream, with how long to wait before coming back.
pub fn lone_event(event: &str, retry_ms: u64, data: &serde_json::Value) -> String {
    format!("retry: {retry_ms}\nevent: {event}\ndata: {data}\n\n")
}
