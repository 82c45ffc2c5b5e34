//! Turns: send a message, stop, try again.

use crate::domain::{
    SentMessage,
    error::ApiError,
    ids::{ConversationId, MessageId},
};
use leptos::prelude::*;

/// Stores a message and starts the turn that answers it; without a conversation it begins a new
/// one. `model` is asked first from now on: `provider:model`, or empty for the usual order.
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

/// Writes the last message of the person anew and starts the turn that answers it.
#[server(prefix = "/fn", endpoint = "turns/edit")]
pub async fn edit_message(
    conversation_id: ConversationId,
    message_id: MessageId,
    content: String,
) -> Result<SentMessage, ApiError> {
    use crate::server::{chat::NewMessage, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    let asking = NewMessage {
        content,
        replaces: Some(message_id),
        ..NewMessage::default()
    };
    let (turn, _) = app
        .assistant
        .send(identity.account.id, Some(conversation_id), asking)
        .await?;
    Ok(SentMessage {
        conversation_id,
        turn_id: turn.id,
    })
}

/// Stops the conversation's running turn; what there is stays.
#[server(prefix = "/fn", endpoint = "turns/stop")]
pub async fn stop_turn(conversation_id: ConversationId) -> Result<(), ApiError> {
    use crate::server::http::server_fn_context;
    let (app, identity) = server_fn_context::caller()?;
    app.assistant
        .stop(identity.account.id, conversation_id)
        .await?;
    Ok(())
}

/// Answers the conversation's last message once more; the answers it had stay to be read.
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
