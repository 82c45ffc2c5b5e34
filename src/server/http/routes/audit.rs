//! `GET /api/audit`: who did what, for admins.

use crate::server::{
    audit,
    http::{
        extract::{CurrentUser, params::Params},
        problem::{ApiResult, Problem},
    },
    state::App,
};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// Events before the event `before`, newest first, at most `limit`.
pub async fn list(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    mut params: Params,
) -> ApiResult {
    if !account.is_admin {
        return Err(Problem::admins_only());
    }
    let limit = params.number("limit", 1, LIMIT_MAX);
    let before = params.take("before");
    params.finish()?;
    let page = audit::page(&app.store, before, limit.unwrap_or(LIMIT_DEFAULT)).await?;
    let body = json!({ "success": true, "events": page.events, "next": page.next });
    Ok(Json(body).into_response())
}
