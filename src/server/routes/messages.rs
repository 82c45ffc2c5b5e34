//! `POST /api/conversations/{id}/messages`, `/regenerate` and `/stop`.

use super::{Answer, body::JsonBody, params::PathId};
use crate::{
    ids::{ConversationId, InvalidId},
    server::{chat::Asking, error::Error, middleware::identity::CurrentUser, state::App},
};
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};

/// Stores a message and starts the turn that answers it; the turn outlives the request.
pub async fn send(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<ConversationId>, body: JsonBody) -> Answer {
    let content = text(&body.value, "content")?.ok_or_else(|| Error::refused("content", "is required and must be text"))?;
    let replaces =
        text(&body.value, "replaces")?.map(|id| id.parse().map_err(|why: InvalidId| Error::refused("replaces", why.to_string())));
    let asking = Asking { content, model: text(&body.value, "model")?, replaces: replaces.transpose()? };
    let (turn, message) = app.assistant.send(account.id, Some(id), asking).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "success": true, "message": message, "turnId": turn.id }))).into_response())
}

/// Answers the last message once more.
pub async fn regenerate(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<ConversationId>) -> Answer {
    let turn = app.assistant.retry(account.id, id).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "success": true, "turnId": turn.id }))).into_response())
}

fn text(body: &Value, name: &str) -> Result<Option<String>, Error> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Error::refused(name, "must be text")),
    }
}

/// Stops the running turn; what there is stays.
pub async fn stop(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<ConversationId>) -> Answer {
    let turn = app.assistant.stop(account.id, id).await?;
    Ok(Json(json!({ "success": true, "turnId": turn })).into_response())
}
