//! `GET /api/work-log/stats`: everybody's totals, for admins.

use super::{Answer, Problem, params::Params};
use crate::server::{middleware::identity::CurrentUser, state::App, work_log::system_stats};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;

const DAYS_DEFAULT: i64 = 30;
const DAYS_MAX: i64 = 3_660;

/// Totals by day, type, status and tier of the last `days` UTC days.
pub async fn stats(State(app): State<App>, CurrentUser(account): CurrentUser, mut params: Params) -> Answer {
    if !account.is_admin {
        return Err(Problem::admins_only());
    }
    let days = params.number("days", 1, DAYS_MAX).unwrap_or(DAYS_DEFAULT);
    params.finish()?;
    let stats = system_stats(&mut app.store.read().await?, app.clock.now(), days).await?;
    Ok(Json(json!({ "success": true, "stats": stats, "streams": app.places.open() })).into_response())
}
