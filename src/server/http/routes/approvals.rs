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

/// Decides the pending approval of an entry: `{decision}`, one of `once`, `always`, `deny`.
pub async fn decide(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathIds(conversation, id): PathIds<ConversationId, EntryId>,
    body: JsonBody,
) -> ApiResult {
    let text = body
        .value
        .get("decision")
        .and_then(|text| text.as_str())
        .unwrap_or_default();
    let decision: Decision = text
        .parse()
        .map_err(|why| Error::refused("decision", format!("{why}")))?;
    let log = work_log::decide(
        &app.store,
        app.clock.now(),
        account.id,
        Some(conversation),
        id,
        decision,
    )
    .await?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}
