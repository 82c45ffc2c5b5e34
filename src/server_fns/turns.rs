//! Turns: send, edit, stop, regenerate.

use crate::domain::{
    SentMessage,
    error::ApiError,
    ids::{ConversationId, MessageId},
};
use leptos::prelude::*;

/// Stores a message and starts the turn that answers it, in a new conversation if none is given.
/// `model` is tried first from now on: `provider:model`, or empty for the configured order.
#[server(prefix = "/fn", endpoint = "turns/send")]
pub async fn send_message(
    conversation_id: Option<ConversationId>,
    content: String,
    model: Option<String>,
) -> Result<SentMessage, ApiError> {
    use crate::server::{chat::NewMessage, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    let (turn, _) = app
        .assistant
        .send(
            identity.account.id,
            conversation_id,
            NewMessage {
                content,
                model,
                ..NewMessage::default()
            },
        )
        .await?;
    leptos_axum::redirect(&format!("/c/{}", turn.conversation_id));
    Ok(SentMessage {
        conversation_id: turn.conversation_id,
        turn_id: turn.id,
    })
}

/// Replaces the user's last message and starts the turn that answers it.
#[server(prefix = "/fn", endpoint = "turns/edit")]
pub async fn edit_message(
    conversation_id: ConversationId,
    message_id: MessageId,
    content: String,
) -> Result<SentMessage, ApiError> {
    use crate::server::{chat::NewMessage, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    let message = NewMessage {
        content,
        replaces: Some(message_id),
        ..NewMessage::default()
    };
    let (turn, _) = app
        .assistant
        .send(identity.account.id, Some(conversation_id), message)
        .await?;
    Ok(SentMessage {
        conversation_id,
        turn_id: turn.id,
    })
}

/// Stops the conversation's running turn; the answer so far is kept.
#[server(prefix = "/fn", endpoint = "turns/stop")]
pub async fn stop_turn(conversation_id: ConversationId) -> Result<(), ApiError> {
    use crate::server::http::server_fn_context;
    let (app, identity) = server_fn_context::caller()?;
    app.assistant
        .stop(identity.account.id, conversation_id)
        .await?;
    Ok(())
}

/// Regenerates the answer to the last message; earlier answers are kept.
#[server(prefix = "/fn", endpoint = "turns/retry")]
pub async fn retry_turn(conversation_id: ConversationId) -> Result<SentMessage, ApiError> {
    use crate::server::http::server_fn_context;
    let (app, identity) = server_fn_context::caller()?;
    let turn = app
        .assistant
        .retry(identity.account.id, conversation_id)
        .await?;
    Ok(SentMessage {
        conversation_id,
        turn_id: turn.id,
    })
}
