//! Conversations: rename and delete.

use super::ApiError;
use crate::ids::ConversationId;
use leptos::prelude::*;

/// Gives a conversation another title.
#[server(prefix = "/fn", endpoint = "conversations/rename")]
pub async fn rename_conversation(conversation_id: ConversationId, title: String) -> Result<(), ApiError> {
    use crate::server::{asker, chat};
    let (app, identity) = asker::asker()?;
    chat::rename_conversation(&app.store, identity.account.id, conversation_id, &title).await?;
    Ok(())
}

/// Deletes a conversation with everything in it.
#[server(prefix = "/fn", endpoint = "conversations/delete")]
pub async fn delete_conversation(conversation_id: ConversationId) -> Result<(), ApiError> {
    use crate::server::{asker, retention::erasing::purge};
    let (app, identity) = asker::asker()?;
    app.assistant.delete_conversation(identity.account.id, conversation_id).await?;
    purge(&app.retention, app.clock.now(), identity.account.id).await?;
    leptos_axum::redirect("/");
    Ok(())
}
