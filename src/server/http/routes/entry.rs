//! `GET · PATCH · DELETE /api/work-log/{id}`.

use crate::{
    domain::{EntryPatch, ids::EntryId},
    server::{
        archive::reader::{find, retry_on_moved_object},
        base::error::Error,
        http::{
            extract::CurrentUser,
            extract::{json_body::JsonBody, params::PathId},
            problem::ApiResult,
        },
        state::App,
        work_log::{delete_entry, update_entry},
    },
};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;

/// An entry.
pub async fn read(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<EntryId>,
) -> ApiResult {
    let archive = &app.tiers.archive;
    let found =
        retry_on_moved_object(&app.store, |reader| find(reader, archive, account.id, id)).await?;
    let log = found.ok_or(Error::NotFound("entry"))?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Updates an entry in any tier.
pub async fn patch(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<EntryId>,
    body: JsonBody,
) -> ApiResult {
    let patch = EntryPatch::parse(&body.value)?;
    let log = update_entry(&app.tiers, app.clock.now(), account.id, id, patch).await?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Deletes an entry from every tier.
pub async fn delete(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<EntryId>,
) -> ApiResult {
    let receipt = delete_entry(&app.tiers, &app.files, app.clock.now(), account.id, id).await?;
    Ok(Json(json!({ "success": true, "receipt": receipt })).into_response())
}
