//! Feed items: the current state of a row, or its removal. The stream, the polling endpoint and
//! the page use the same types.

use super::{Conversation, Message, Scope};
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
    /// What was removed.
    RemovedKind {
        /// A work log entry.
        Entry = "entry",
        /// A message.
        Message = "message",
        /// A conversation with all its messages and entries.
        Conversation = "conversation",
    }
}

impl RemovedKind {
    /// The scope in which a row of this kind can be read.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Entry => Scope::LogRead,
            Self::Message | Self::Conversation => Scope::Chat,
        }
    }
}

/// A removed row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removed {
    /// What was removed.
    pub kind: RemovedKind,
    /// Its id.
    pub id: Uuid,
    /// The owner's revision of the removal.
    pub rev: i64,
}

/// One item of a user's feed. Serialised as `{"entry": {…}}`: the key is the kind, as is the name
/// of the SSE event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// The current state of an entry.
    Entry(WorkLogEntry),
    /// The current state of a message.
    Message(Message),
    /// The current state of a conversation.
    Conversation(Conversation),
    /// A removed row.
    Removed(Removed),
}

deserialize_by_read!(Change);

impl Removed {
    /// Reads a removal from a JSON value.
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
    /// Reads a change from a JSON object whose key is the kind.
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

    /// The owner's revision of the change.
    pub const fn rev(&self) -> i64 {
        match self {
            Self::Entry(entry) => entry.rev,
            Self::Message(message) => message.rev,
            Self::Conversation(conversation) => conversation.rev,
            Self::Removed(removed) => removed.rev,
        }
    }

    /// The name of the SSE event, which is also the key in JSON.
    pub const fn event(&self) -> &'static str {
        match self {
            Self::Entry(_) => "entry",
            Self::Message(_) => "message",
            Self::Conversation(_) => "conversation",
            Self::Removed(_) => "removed",
        }
    }

    /// The scope in which it can be read.
    pub fn scope(&self) -> Scope {
        self.key().0.scope()
    }

    /// The row that changed; a removal has the key of the removed row.
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
    /// Why a cursor cannot be continued and the client must reload its page of rows.
    ResetReason {
        /// The cursor is from another epoch of the database.
        ForeignEpoch = "foreign_epoch",
        /// The cursor is ahead of the owner's latest revision.
        Future = "future",
        /// Removals since then are no longer recorded.
        TooOld = "too_old",
    }
}

/// What an answer that is being written has grown by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerGrowth {
    /// New text.
    Text {
        /// Where `text` begins, in bytes of the message's UTF-8 text.
        offset: usize,
        /// The text from there on.
        text: String,
    },
    /// A block of its Markdown is finished.
    Block {
        /// Its number, from 0.
        index: usize,
        /// The sanitised HTML.
        html: String,
        /// Where it ends, in bytes of the message's UTF-8 text.
        up_to: usize,
    },
}

impl AnswerGrowth {
    /// Where it ends, in bytes of the message's UTF-8 text.
    pub fn end(&self) -> usize {
        match self {
            Self::Text { offset, text } => offset + text.len(),
            Self::Block { up_to, .. } => *up_to,
        }
    }

    /// Reads the data of a `delta` or `block` event.
    pub fn read(event: &str, data: &Value) -> Option<(MessageId, Self)> {
        let fields = JsonFields::of(data)?;
        let bytes = |name: &str| usize::try_from(fields.number(name)?).ok();
        let growth = match event {
            "delta" => Self::Text {
                offset: bytes("offset")?,
                text: fields.string("text")?,
            },
            _ => Self::Block {
                index: bytes("index")?,
                html: fields.string("html")?,
                up_to: bytes("upTo")?,
            },
        };
        Some((fields.parsed("messageId")?, growth))
    }
}

/// The parsed data of one SSE event.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A row changed. `prev` is the previous cursor of this connection.
    Change {
        /// The connection's cursor before this frame.
        prev: Cursor,
        /// The connection's cursor after this frame.
        cursor: Cursor,
        /// The row.
        change: Box<Change>,
    },
    /// No change for this client up to `cursor`.
    Heartbeat {
        /// The connection's cursor.
        cursor: Cursor,
    },
    /// A growing answer; never moves the cursor.
    Growth {
        /// The growing message.
        message_id: MessageId,
        /// What is new.
        growth: AnswerGrowth,
    },
    /// The client's cursor cannot be continued.
    Reset {
        /// Why.
        reason: ResetReason,
    },
    /// Too many streams; the client retries later.
    Busy,
    /// The session is missing or has ended.
    Auth,
}

impl Frame {
    /// Parses an event from its name, its id (the cursor after it) and its data. `None` for events
    /// unknown to this version, which the client ignores.
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
            "delta" | "block" => {
                let (message_id, growth) = AnswerGrowth::read(event, &json::parse(data)?)?;
                Some(Self::Growth { message_id, growth })
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
