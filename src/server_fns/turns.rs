//! Turns: send a message, stop, try again.

use crate::domain::{
    Sent,
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
) -> Result<Sent, ApiError> {
    use crate::server::{chat::Asking, http::server_fn_context};
    let (app, identity) = server_fn_context::asker()?;
    let (turn, _) = app
        .assistant
        .send(
            identity.account.id,
            conversation_id,
            Asking {
                content,
                model,
                ..Asking::default()
            },
        )
        .await?;
    leptos_axum::redirect(&format!("/c/{}", turn.conversation_id));
    Ok(Sent {
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
) -> Result<Sent, ApiError> {
    use crate::server::{chat::Asking, http::server_fn_context};
    let (app, identity) = server_fn_context::asker()?;
    let asking = Asking {
        content,
        replaces: Some(message_id),
        ..Asking::default()
    };
    let (turn, _) = app
        .assistant
        .send(identity.account.id, Some(conversation_id), asking)
        .await?;
    Ok(Sent {
        conversation_id,
        turn_id: turn.id,
    })
}

/// Stops the conversation's running turn; what there is stays.
#[server(prefix = "/fn", endpoint = "turns/stop")]
pub async fn stop_turn(conversation_id: ConversationId) -> Result<(), ApiError> {
    use crate::server::http::server_fn_context;
    let (app, identity) = server_fn_context::asker()?;
    app.assistant
        .stop(identity.account.id, conversation_id)
        .await?;
    Ok(())
}

/// Answers the conversation's last message once more; the answers it had stay to be read.
#[server(prefix = "/fn", endpoint = "turns/retry")]
pub async fn retry_turn(conversation_id: ConversationId) -> Result<Sent, ApiError> {
    use crate::server::http::server_fn_context;
    let (app, identity) = server_fn_context::asker()?;
    let turn = app
        .assistant
        .retry(identity.account.id, conversation_id)
        .await?;
    Ok(Sent {
        conversation_id,
        turn_id: turn.id,
    })
}
