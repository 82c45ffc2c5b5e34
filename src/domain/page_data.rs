//! Data of the pages, each read in one snapshot together with the cursor from which the live feed
//! continues.

use super::{
    Account, ApiKey, Change, Conversation, ConversationSpan, Cursor, Device, Gap, Invitation,
    Person, ToolGrant, ToolServer,
    ids::{ConversationId, EntryId, UserId},
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A page's rows and the cursor from which the live feed continues.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The owner of the rows.
    pub user_id: UserId,
    /// Messages, entries and conversations.
    pub rows: Vec<Change>,
    /// The cursor; `rows` has everything up to it.
    pub cursor: Cursor,
    /// Server time of the snapshot; running durations are computed from it.
    pub now: Timestamp,
    /// Days until an entry expires that is not kept.
    pub cold_days: i64,
    /// Archived entries in the range of `rows` that could not be read, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Snapshot {
    /// Reads a snapshot from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            user_id: fields.parsed("userId")?,
            rows: rows(fields)?,
            cursor: fields.parsed("cursor")?,
            now: fields.time("now")?,
            cold_days: fields.number("coldDays")?,
            gaps: gaps(fields),
        })
    }
}

deserialize_by_read!(Snapshot);

/// The chat page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatPageData {
    /// The signed-in user.
    pub account: Account,
    /// The open conversation, if any.
    pub conversation: Option<Conversation>,
    /// All conversations, and the newest messages and entries of the open one.
    pub snapshot: Snapshot,
    /// The part of the conversation that the rows cover.
    pub span: ConversationSpan,
    /// The available models, in the order in which they are called.
    pub models: Vec<ModelChoice>,
    /// Whether the open conversation is on hold.
    pub on_hold: bool,
    /// Whether the row requested with `around` does not exist.
    pub gone: bool,
}

/// A model that can be chosen for a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    /// `provider:model`.
    pub key: String,
    /// Its display name.
    pub title: String,
}

/// The requested part of a conversation. At most one field is set, to the id of a message or entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartQuery {
    /// The newest rows before this one.
    pub before: Option<String>,
    /// This row and those after it.
    pub from: Option<String>,
    /// The rows around this one.
    pub around: Option<String>,
}

/// Rows before those already loaded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierRows {
    /// Messages and entries, oldest first.
    pub rows: Vec<Change>,
    /// The first of them, if there are more before it.
    pub from: Option<Uuid>,
    /// Archived entries among them that could not be read, oldest first.
    pub gaps: Vec<Gap>,
}

impl EarlierRows {
    /// Reads the rows from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        Some(Self {
            rows: rows(fields)?,
            from: fields.parsed("from"),
            gaps: gaps(fields),
        })
    }
}

deserialize_by_read!(EarlierRows);

/// A page of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationsPageData {
    /// The most recently used first, at most
    /// [`CONVERSATIONS_LISTED`](super::CONVERSATIONS_LISTED).
    pub listed: Vec<Conversation>,
    /// Server time.
    pub now: Timestamp,
}

/// The filter of the history page. Values are those of the HTTP API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryQuery {
    /// Text in title or details.
    pub text: Option<String>,
    /// A log type.
    pub log_type: Option<String>,
    /// A status.
    pub status: Option<String>,
    /// Whether text is searched in the archive too.
    #[serde(default)]
    pub archive: bool,
    /// The oldest entry of the previous page.
    pub before: Option<String>,
}

impl HistoryQuery {
    /// Whether this is a text search without the archive.
    pub fn leaves_archive_out(&self) -> bool {
        self.text.is_some() && !self.archive
    }
}

/// A page of history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPageData {
    /// The entries found.
    pub snapshot: Snapshot,
    /// The titles of their conversations.
    pub titles: BTreeMap<ConversationId, String>,
    /// The `before` of the next older page.
    pub next: Option<EntryId>,
}

/// The people page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeoplePageData {
    /// The signed-in admin.
    pub you: UserId,
    /// Users, sorted by address.
    pub people: Vec<Person>,
    /// The address after which the next page begins, if there is one.
    pub next: Option<String>,
    /// Whether users can be invited; false without password sign-in.
    pub invites: bool,
    /// The open invitations, newest first.
    pub invitations: Vec<Invitation>,
    /// The link of the invitation just created, shown once.
    pub fresh: Option<(String, Invitation)>,
}

/// The settings page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsPageData {
    /// The signed-in user.
    pub account: Account,
    /// The active keys, newest first.
    pub keys: Vec<ApiKey>,
    /// Server time.
    pub now: Timestamp,
    /// The key just created in full, shown once.
    pub fresh_key: Option<String>,
    /// The tools that run without asking.
    pub grants: Vec<ToolGrant>,
    /// Tools that an upgrade lets ask again, until the user has seen it.
    pub forgotten_grants: Vec<String>,
    /// The MCP servers; for admins only.
    pub tool_servers: Vec<ToolServer>,
    /// The user's sessions, last used first.
    pub devices: Vec<Device>,
    /// Whether the user has a password.
    pub has_password: bool,
}

fn rows(fields: JsonFields<'_>) -> Option<Vec<Change>> {
    fields.items("rows").iter().map(Change::read).collect()
}

fn gaps(fields: JsonFields<'_>) -> Vec<Gap> {
    fields.items("gaps").iter().filter_map(Gap::read).collect()
}
