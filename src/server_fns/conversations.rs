//! Conversations: list, rename, keep and delete.

use crate::domain::{
    ConversationsPageData, delete_outcome::DeleteOutcome, error::ApiError, ids::ConversationId,
};
use leptos::prelude::*;

/// Conversations, most recently used first; with `before` those used less recently.
#[server(prefix = "/fn", endpoint = "page/conversations")]
pub async fn load_conversations(before: Option<String>) -> Result<ConversationsPageData, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    Ok(snapshots::conversations(app.snapshot_source(), identity.account.id, before).await?)
}

/// Renames a conversation.
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

/// Keeps a conversation and its entries, or lets them expire again.
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

/// Deletes a conversation and everything in it, and returns what was deleted.
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
    let outcome = DeleteOutcome::new(receipt, Some("/"));
    outcome
        .go
        .iter()
        .for_each(|path| leptos_axum::redirect(path));
    Ok(outcome)
}
