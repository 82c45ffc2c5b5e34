//! What a page shows, read in one snapshot together with the cursor from which the live feed goes on.

use super::ApiError;
use crate::{
    chat::{Change, Conversation},
    ids::{ConversationId, UserId},
    timestamp::Timestamp,
    work_log::Cursor,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Pass it as `?before=` for older rows of the conversation; `None` at its beginning.
    pub older: Option<String>,
    /// The models that answer, in the order in which they are asked.
    pub models: Vec<ModelChoice>,
}

/// A model that can be chosen for a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelChoice {
    /// `provider:model`.
    pub key: String,
    /// Its name as a person reads it.
    pub title: String,
}

/// The chat page: conversation `conversation_id` with rows before `before`, or a new one.
#[server(prefix = "/fn", endpoint = "page/chat")]
pub async fn load_chat(conversation_id: Option<ConversationId>, before: Option<String>) -> Result<ChatPage, ApiError> {
    use crate::server::{asker, snapshots};
    let (app, identity) = asker::asker()?;
    let before = before.map(|id| id.parse()).transpose().map_err(|_| ApiError::NotFound("page".to_owned()))?;
    Ok(snapshots::chat(&app, identity.account, conversation_id, before).await?)
}
