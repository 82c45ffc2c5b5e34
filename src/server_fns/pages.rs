//! What a page shows, read in one snapshot together with the cursor from which the live feed goes
//! on.

use crate::domain::{
    Change, Conversation, Cursor, Gap, Span,
    error::ApiError,
    ids::{ConversationId, UserId},
    json::{Fields, deserialize_by_read},
    time::Timestamp,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The person.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Whether they may see everybody's figures.
    pub is_admin: bool,
}

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

/// The chat page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatPage {
    /// Who is signed in.
    pub account: Account,
    /// The conversation that is open, if any.
    pub conversation: Option<Conversation>,
    /// All conversations, and the open one's newest messages and entries.
    pub snapshot: Snapshot,
    /// Which part of the conversation its rows are.
    pub span: Span,
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

deserialize_by_read!(Snapshot);

impl Snapshot {
    /// The snapshot in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = Fields::of(value)?;
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

fn gaps(fields: Fields<'_>) -> Vec<Gap> {
    fields.items("gaps").iter().filter_map(Gap::read).collect()
}

deserialize_by_read!(EarlierRows);

impl EarlierRows {
    /// The rows in a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = Fields::of(value)?;
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

/// The chat page: a part of conversation `conversation_id`, or a new one.
#[server(prefix = "/fn", endpoint = "page/chat")]
pub async fn load_chat(
    conversation_id: Option<ConversationId>,
    part: PartQuery,
) -> Result<ChatPage, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::asker()?;
    Ok(snapshots::chat(&app, identity.account, conversation_id, &part).await?)
}

/// At most a page of the conversation's rows before `before`.
#[server(prefix = "/fn", endpoint = "page/earlier")]
pub async fn load_earlier(
    conversation_id: ConversationId,
    before: Uuid,
) -> Result<EarlierRows, ApiError> {
    use crate::server::{
        archive::{partial, reader::forgivingly},
        chat::{Part, page},
        http::server_fn_context,
    };
    let (app, identity) = server_fn_context::asker()?;
    let user = identity.account.id;
    let read = |mut reader, archive| async move {
        page(
            &mut reader,
            &archive,
            user,
            conversation_id,
            Part::Before(before),
        )
        .await
    };
    let (page, gaps) = forgivingly(&app.store, &app.retention.archive, read).await?;
    let gaps = partial::within(gaps, page.span.from, page.span.to);
    Ok(EarlierRows {
        rows: page.rows,
        from: page.span.from,
        gaps,
    })
}
