//! `POST /api/conversations/{id}/approvals/{entryId}`.

use crate::{
    domain::{
        Decision,
        ids::{ConversationId, EntryId},
    },
    server::{
        base::error::Error,
        http::{
            extract::CurrentUser,
            extract::{json_body::JsonBody, params::PathIds},
            problem::ApiResult,
        },
        state::App,
        work_log,
    },
};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;

/// Says whether the work of an entry may go on: `{decision}`, one of `once`, `always`, `deny`.
pub async fn decide(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathIds(here, id): PathIds<ConversationId, EntryId>,
    body: JsonBody,
) -> ApiResult {
    let word = body
        .value
        .get("decision")
        .and_then(|word| word.as_str())
        .unwrap_or_default();
    let decision: Decision = word
        .parse()
        .map_err(|why| Error::refused("decision", format!("{why}")))?;
    let log = work_log::decide(
        &app.store,
        app.clock.now(),
        account.id,
        Some(here),
        id,
        decision,
    )
    .await?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}
