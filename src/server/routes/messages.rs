//! `POST /api/conversations/{id}/messages` and `/stop`.

use super::{Answer, body::JsonBody, params::PathId};
use crate::{
    ids::ConversationId,
    server::{error::Error, middleware::identity::CurrentUser, state::App},
};
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde_json::json;

/// Stores a message and starts the turn that answers it; the turn outlives the request.
pub async fn send(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<ConversationId>, body: JsonBody) -> Answer {
    let content = body.value.get("content").and_then(|content| content.as_str());
    let content = content.ok_or_else(|| Error::refused("content", "is required and must be text"))?;
    let (turn, message) = app.assistant.send(account.id, Some(id), content).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "success": true, "message": message, "turnId": turn.id }))).into_response())
}

/// Stops the running turn; what there is stays.
pub async fn stop(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<ConversationId>) -> Answer {
    let turn = app.assistant.stop(account.id, id).await?;
    Ok(Json(json!({ "success": true, "turnId": turn })).into_response())
}
