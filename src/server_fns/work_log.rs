//! Work log entries as pages ask for them.

use crate::domain::{
    HistoryPage, HistoryQuery, Snapshot,
    delete_outcome::Said,
    error::ApiError,
    ids::{ConversationId, EntryId},
};
use leptos::prelude::*;

/// The newest entries for a feed, of one conversation or of all.
#[server(prefix = "/fn", endpoint = "work-log/feed")]
pub async fn load_feed(conversation_id: Option<ConversationId>) -> Result<Snapshot, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::asker()?;
    Ok(snapshots::feed(&app, identity.account.id, conversation_id).await?)
}

/// Entries that pass the query, newest first.
#[server(prefix = "/fn", endpoint = "work-log/history")]
pub async fn load_history(query: HistoryQuery) -> Result<HistoryPage, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::asker()?;
    Ok(snapshots::history(&app, identity.account.id, query).await?)
}

/// Keeps an entry for good, or lets it expire again.
#[server(prefix = "/fn", endpoint = "work-log/keep")]
pub async fn keep_entry(entry_id: EntryId, kept: bool) -> Result<(), ApiError> {
    use crate::{
        domain::EntryPatch,
        server::{archive::update_archived::update_anywhere, http::server_fn_context},
    };
    let (app, identity) = server_fn_context::asker()?;
    let patch = EntryPatch {
        kept: Some(kept),
        ..EntryPatch::default()
    };
    update_anywhere(
        &app.retention,
        app.clock.now(),
        identity.account.id,
        entry_id,
        patch,
    )
    .await?;
    Ok(())
}

/// Deletes an entry from every tier, and says what that was.
#[server(prefix = "/fn", endpoint = "work-log/delete")]
pub async fn delete_entry(entry_id: EntryId) -> Result<Said, ApiError> {
    use crate::server::{
        archive::erase::erase_entry,
        files::sweep::delete_doomed_files_or_tell,
        http::{cookies, server_fn_context},
    };
    let (app, identity) = server_fn_context::asker()?;
    let receipt = erase_entry(
        &app.retention,
        app.clock.now(),
        identity.account.id,
        entry_id,
    )
    .await?;
    delete_doomed_files_or_tell(&app.store, &app.files).await;
    leptos_axum::redirect(&cookies::back_with("deleted", &receipt.code()));
    Ok(Said::of(receipt, None))
}
