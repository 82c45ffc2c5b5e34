//! Work log entries of pages and feeds.

use crate::domain::{
    HistoryPageData, HistoryQuery, Snapshot,
    delete_outcome::DeleteOutcome,
    error::ApiError,
    ids::{ConversationId, EntryId},
};
use leptos::prelude::*;

/// The newest entries of a conversation or of all.
#[server(prefix = "/fn", endpoint = "work-log/feed")]
pub async fn load_feed(conversation_id: Option<ConversationId>) -> Result<Snapshot, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    Ok(snapshots::feed(app.snapshot_source(), identity.account.id, conversation_id).await?)
}

/// Entries that match the query, newest first.
#[server(prefix = "/fn", endpoint = "work-log/history")]
pub async fn load_history(query: HistoryQuery) -> Result<HistoryPageData, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    Ok(snapshots::history(app.snapshot_source(), identity.account.id, query).await?)
}

/// Keeps an entry, or lets it expire again.
#[server(prefix = "/fn", endpoint = "work-log/keep")]
pub async fn keep_entry(entry_id: EntryId, kept: bool) -> Result<(), ApiError> {
    use crate::{
        domain::EntryPatch,
        server::{http::server_fn_context, work_log::archived::update_entry},
    };
    let (app, identity) = server_fn_context::caller()?;
    let patch = EntryPatch {
        kept: Some(kept),
        ..EntryPatch::default()
    };
    update_entry(
        &app.tiers,
        app.clock.now(),
        identity.account.id,
        entry_id,
        patch,
    )
    .await?;
    Ok(())
}

/// Deletes an entry from every tier, and returns what was deleted.
#[server(prefix = "/fn", endpoint = "work-log/delete")]
pub async fn delete_entry(entry_id: EntryId) -> Result<DeleteOutcome, ApiError> {
    use crate::server::{http::server_fn_context, work_log};
    let (app, identity) = server_fn_context::caller()?;
    let receipt = work_log::delete_entry(
        &app.tiers,
        &app.files,
        app.clock.now(),
        identity.account.id,
        entry_id,
    )
    .await?;
    leptos_axum::redirect(&server_fn_context::back_with("deleted", &receipt.code()));
    Ok(DeleteOutcome::new(receipt, None))
}
