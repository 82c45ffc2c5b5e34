//! What the feed carries: a row as it is now, or that it is gone. The same on the stream, in the
//! poll and in the page.

use super::{Conversation, Message};
use crate::domain::{
    Cursor, WorkLogEntry,
    ids::MessageId,
    json::{self, JsonFields, deserialize_by_read},
    vocabulary,
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub(super) type ItemKey = (RemovedKind, Uuid);

vocabulary! {
    /// What kind of thing is gone.
    RemovedKind {
        /// A work log entry.
        Entry = "entry",
        /// A message.
        Message = "message",
        /// A conversation, with everything in it.
        Conversation = "conversation",
    }
}

/// Something that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// What kind of thing it was.
    pub kind: RemovedKind,
    /// Its id.
    pub id: Uuid,
    /// The owner's revision at which it went.
    pub rev: i64,
}

/// One row of an owner's feed. Written as `{"entry": {…}}`: the key names the kind, as the event's
/// name does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// An entry as it is now.
    Entry(WorkLogEntry),
    /// A message as it is now.
    Message(Message),
    /// A conversation as it is now.
    Conversation(Conversation),
    /// Something that is gone.
    Removed(Removed),
}

deserialize_by_read!(Change);

impl Removed {
    /// The removal in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            kind: RemovedKind::of(fields.text("kind")?)?,
            id: fields.parsed("id")?,
            rev: fields.number("rev")?,
        })
    }
}

impl Change {
    /// The row in a JSON object, under the key that names its kind.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        let entry = || {
            fields
                .value("entry")
                .and_then(WorkLogEntry::read)
                .map(Self::Entry)
        };
        let message = || {
            fields
                .value("message")
                .and_then(Message::read)
                .map(Self::Message)
        };
        let conversation = || {
            fields
                .value("conversation")
                .and_then(Conversation::read)
                .map(Self::Conversation)
        };
        let removed = || {
            fields
                .value("removed")
                .and_then(Removed::read)
                .map(Self::Removed)
        };
        entry()
            .or_else(message)
            .or_else(conversation)
            .or_else(removed)
    }

    /// The revision at which it came to be so.
    pub const fn rev(&self) -> i64 {
        match self {
            Self::Entry(entry) => entry.rev,
            Self::Message(message) => message.rev,
            Self::Conversation(conversation) => conversation.rev,
            Self::Removed(removed) => removed.rev,
        }
    }

    /// The name of its event on the stream, which is also its key in JSON.
    pub const fn event(&self) -> &'static str {
        match self {
            Self::Entry(_) => "entry",
            Self::Message(_) => "message",
            Self::Conversation(_) => "conversation",
            Self::Removed(_) => "removed",
        }
    }

    /// What it is a change of; a removal has the key of what is gone.
    pub(super) fn key(&self) -> ItemKey {
        match self {
            Self::Entry(entry) => (RemovedKind::Entry, entry.id.uuid()),
            Self::Message(message) => (RemovedKind::Message, message.id.uuid()),
            Self::Conversation(conversation) => (RemovedKind::Conversation, conversation.id.uuid()),
            Self::Removed(removed) => (removed.kind, removed.id),
        }
    }
}

vocabulary! {
    /// Why a cursor cannot be continued and the reader must load its page of rows anew.
    ResetReason {
        /// The cursor is from another life of the database.
        ForeignEpoch = "foreign_epoch",
        /// The cursor lies ahead of everything written.
        Future = "future",
        /// What was removed since then is no longer known.
        TooOld = "too_old",
    }
}

/// The data of one event of the stream, whose name says which it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A row changed. `prev` is the cursor this connection was at before.
    Change {
        /// Where the connection stood before this frame.
        prev: Cursor,
        /// Where it stands after it.
        cursor: Cursor,
        /// The row.
        change: Box<Change>,
    },
    /// Nothing for this reader up to `cursor`.
    Heartbeat {
        /// Where the connection stands.
        cursor: Cursor,
    },
    /// Text of an answer that is being written; never moves the cursor.
    Delta {
        /// The message that grows.
        message_id: MessageId,
        /// Where `text` begins, in bytes of the message's UTF-8 text.
        offset: usize,
        /// The text from there on.
        text: String,
    },
    /// The reader's cursor cannot be continued.
    Reset {
        /// Why.
        reason: ResetReason,
    },
    /// Too many streams: come back later.
    Busy,
    /// Nobody is signed in, or no longer.
    Auth,
}

impl Frame {
    /// Reads an event: its name, its id (the cursor after it) and its data. `None` for events that
    /// this version does not know, which a reader passes over.
    pub fn parse(event: &str, id: &str, data: &str) -> Option<Self> {
        match event {
            "entry" | "message" | "conversation" | "removed" => {
                let data = json::parse(data)?;
                let (prev, change) = (
                    JsonFields::of(&data)?.parsed("prev")?,
                    Box::new(Change::read(&data)?),
                );
                Some(Self::Change {
                    prev,
                    cursor: id.parse().ok()?,
                    change,
                })
            }
            "heartbeat" => Some(Self::Heartbeat {
                cursor: id.parse().ok()?,
            }),
            "delta" => {
                let data = json::parse(data)?;
                let data = JsonFields::of(&data)?;
                let offset = data.number("offset")?.try_into().ok()?;
                Some(Self::Delta {
                    message_id: data.parsed("messageId")?,
                    offset,
                    text: data.string("text")?,
                })
            }
            "reset" => Some(Self::Reset {
                reason: ResetReason::of(JsonFields::of(&json::parse(data)?)?.text("reason")?)?,
            }),
            "busy" => Some(Self::Busy),
            "auth" => Some(Self::Auth),
            _ => None,
        }
    }
}
