//! Work log entries as pages ask for them.

use super::{ApiError, Snapshot};
use crate::ids::{ConversationId, EntryId};
use leptos::prelude::*;

/// The newest entries for a feed, of one conversation or of all.
#[server(prefix = "/fn", endpoint = "work-log/feed")]
pub async fn load_feed(conversation_id: Option<ConversationId>) -> Result<Snapshot, ApiError> {
    Err(ApiError::Unreachable)
}

/// Keeps an entry for good, or lets it expire again.
#[server(prefix = "/fn", endpoint = "work-log/keep")]
pub async fn keep_entry(entry_id: EntryId, kept: bool) -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}
