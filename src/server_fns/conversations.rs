//! Conversations: list, rename, keep and delete.

use crate::domain::{
    ConversationsPageData, delete_outcome::DeleteOutcome, error::ApiError, ids::ConversationId,
};
use leptos::prelude::*;

/// Conversations, most recently used first; after `before` those that were used less recently.
#[server(prefix = "/fn", endpoint = "page/conversations")]
pub async fn load_conversations(before: Option<String>) -> Result<ConversationsPageData, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    Ok(snapshots::conversations(app.snapshot_source(), identity.account.id, before).await?)
}

/// Gives a conversation another title.
#[server(prefix = "/fn", endpoint = "conversations/rename")]
pub async fn rename_conversation(
    conversation_id: ConversationId,
    title: String,
) -> Result<(), ApiError> {
    use crate::server::{chat, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    chat::rename_conversation(&app.store, identity.account.id, conversation_id, &title).await?;
    Ok(())
}

/// Keeps a conversation with everything in it, or lets it expire again.
#[server(prefix = "/fn", endpoint = "conversations/keep")]
pub async fn keep_conversation(
    conversation_id: ConversationId,
    kept: bool,
) -> Result<(), ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    holds::keep_conversation(
        &app.tiers,
        app.clock.now(),
        identity.account.id,
        conversation_id,
        kept,
    )
    .await?;
    leptos_axum::redirect(&format!("/c/{conversation_id}"));
    Ok(())
}

/// Deletes a conversation with everything in it, and says what that was.
#[server(prefix = "/fn", endpoint = "conversations/delete")]
pub async fn delete_conversation(
    conversation_id: ConversationId,
) -> Result<DeleteOutcome, ApiError> {
    use crate::server::{chat, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    let receipt = chat::delete_conversation(
        &app.tiers,
        &app.files,
        app.clock.now(),
        identity.account.id,
        conversation_id,
        |turn| app.assistant.cancel(turn),
    )
    .await?;
    let said = DeleteOutcome::new(receipt, Some("/"));
    said.go.iter().for_each(|path| leptos_axum::redirect(path));
    Ok(said)
}
