//! `GET · PATCH · DELETE /api/work-log/{id}`.

use super::{Answer, body::JsonBody, params::PathId};
use crate::{
    ids::EntryId,
    server::{
        error::Error,
        middleware::identity::CurrentUser,
        state::App,
        store::work_logs,
        work_log::{delete_work_log, update_work_log},
    },
    work_log::EntryPatch,
};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;

/// One entry.
pub async fn read(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<EntryId>) -> Answer {
    let log = work_logs::find(&mut *app.store.read().await?, account.id, id).await?.ok_or(Error::NotFound("entry"))?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Moves an entry on.
pub async fn patch(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<EntryId>, body: JsonBody) -> Answer {
    let patch = EntryPatch::parse(&body.value)?;
    let log = update_work_log(&app.store, app.clock.now(), account.id, id, patch).await?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Deletes an entry.
pub async fn delete(State(app): State<App>, CurrentUser(account): CurrentUser, PathId(id): PathId<EntryId>) -> Answer {
    delete_work_log(&app.store, app.clock.now(), account.id, id).await?;
    Ok(Json(json!({ "success": true })).into_response())
}
