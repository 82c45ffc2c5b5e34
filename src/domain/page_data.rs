//! What pages show, each read in one snapshot together with the cursor from which the live feed
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

/// A page's rows and where the live feed goes on from them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Whose rows they are.
    pub user_id: UserId,
    /// Messages, entries and conversations.
    pub rows: Vec<Change>,
    /// Everything up to here is in `rows`.
    pub cursor: Cursor,
    /// Server time of the snapshot, from which running times are counted.
    pub now: Timestamp,
    /// Days after which an entry expires that nobody keeps.
    pub cold_days: i64,
    /// What belongs among the rows and could not be read from the archive, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl Snapshot {
    /// The snapshot in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        let rows = fields
            .items("rows")
            .iter()
            .map(Change::read)
            .collect::<Option<_>>()?;
        Some(Self {
            user_id: fields.parsed("userId")?,
            rows,
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
    /// Who is signed in.
    pub account: Account,
    /// The conversation that is open, if any.
    pub conversation: Option<Conversation>,
    /// All conversations, and the open one's newest messages and entries.
    pub snapshot: Snapshot,
    /// Which part of the conversation its rows are.
    pub span: ConversationSpan,
    /// The models that answer, in the order in which they are asked.
    pub models: Vec<ModelChoice>,
    /// Whether an admin holds the open conversation.
    pub on_hold: bool,
    /// Whether the row is not there around which rows were asked for.
    pub gone: bool,
}

/// A model that can be chosen for a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    /// `provider:model`.
    pub key: String,
    /// Its name as a person reads it.
    pub title: String,
}

/// Which part of a conversation a page is asked for; at most one is given, ids of messages or
/// entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartQuery {
    /// The newest rows before this one.
    pub before: Option<String>,
    /// This row and those after it.
    pub from: Option<String>,
    /// The rows around this one.
    pub around: Option<String>,
}

/// Rows before those that a page has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EarlierRows {
    /// Messages and entries, oldest first.
    pub rows: Vec<Change>,
    /// The first of them, when there are more before it.
    pub from: Option<Uuid>,
    /// What belongs among them and could not be read from the archive, oldest first.
    pub gaps: Vec<Gap>,
}

impl EarlierRows {
    /// The rows in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        let rows = fields
            .items("rows")
            .iter()
            .map(Change::read)
            .collect::<Option<_>>()?;
        Some(Self {
            rows,
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
    /// [`CONVERSATIONS_LISTED`](crate::chat::CONVERSATIONS_LISTED).
    pub listed: Vec<Conversation>,
    /// Server time.
    pub now: Timestamp,
}

/// What the history page looks for. Words are those of the HTTP API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryQuery {
    /// Text in title or details.
    pub text: Option<String>,
    /// A type's word.
    pub log_type: Option<String>,
    /// A status's word.
    pub status: Option<String>,
    /// Whether text is looked for in the archive too.
    #[serde(default)]
    pub archive: bool,
    /// The oldest entry of the page before.
    pub before: Option<String>,
}

impl HistoryQuery {
    /// Whether text is looked for and not in the archive.
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
    /// The titles of the conversations in which they stand.
    pub titles: BTreeMap<ConversationId, String>,
    /// Pass it as `before` for the next older page.
    pub next: Option<EntryId>,
}

/// The people page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeoplePageData {
    /// Who is looking.
    pub you: UserId,
    /// People by address.
    pub people: Vec<Person>,
    /// The address after which the next page begins, where there is one.
    pub next: Option<String>,
    /// Whether people can be invited: who joins chooses a password.
    pub invites: bool,
    /// The invitations that are open, the newest first.
    pub invitations: Vec<Invitation>,
    /// The link of the invitation that was made just now, this once, and for whom it is.
    pub fresh: Option<(String, Invitation)>,
}

/// The settings page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsPageData {
    /// Who is signed in.
    pub account: Account,
    /// The keys in force, newest first.
    pub keys: Vec<ApiKey>,
    /// The key that was made just now, whole, this once.
    pub fresh_key: Option<String>,
    /// The tools that run without asking.
    pub grants: Vec<ToolGrant>,
    /// For admins, the programs whose tools the assistant may use.
    pub tool_servers: Vec<ToolServer>,
    /// Where they are signed in, last used first.
    pub devices: Vec<Device>,
    /// Whether they sign in with a password.
    pub has_password: bool,
}

fn gaps(fields: JsonFields<'_>) -> Vec<Gap> {
    fields.items("gaps").iter().filter_map(Gap::read).collect()
}
