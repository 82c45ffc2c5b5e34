//! Conversations: rename and delete.

use super::ApiError;
use crate::ids::ConversationId;
use leptos::prelude::*;

/// Gives a conversation another title.
#[server(prefix = "/fn", endpoint = "conversations/rename")]
pub async fn rename_conversation(conversation_id: ConversationId, title: String) -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}

/// Deletes a conversation with everything in it.
#[server(prefix = "/fn", endpoint = "conversations/delete")]
pub async fn delete_conversation(conversation_id: ConversationId) -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}
