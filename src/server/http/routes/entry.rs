//! `GET · PATCH · DELETE /api/work-log/{id}`.

use crate::{
    domain::{EntryPatch, ids::EntryId},
    server::{
        archive::reader::{find, steadily},
        base::error::Error,
        http::{
            extract::CurrentUser,
            extract::{json_body::JsonBody, params::PathId},
            problem::Answer,
        },
        state::App,
        work_log::{delete_entry, update_anywhere},
    },
};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::json;

/// One entry.
pub async fn read(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<EntryId>,
) -> Answer {
    let archive = &app.retention.archive;
    let found = steadily(&app.store, |reader| find(reader, archive, account.id, id)).await?;
    let log = found.ok_or(Error::NotFound("entry"))?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Moves an entry on, wherever it is kept.
pub async fn patch(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<EntryId>,
    body: JsonBody,
) -> Answer {
    let patch = EntryPatch::parse(&body.value)?;
    let log = update_anywhere(&app.retention, app.clock.now(), account.id, id, patch).await?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Deletes an entry from every tier.
pub async fn delete(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<EntryId>,
) -> Answer {
    let receipt = delete_entry(&app.retention, &app.files, app.clock.now(), account.id, id).await?;
    Ok(Json(json!({ "success": true, "receipt": receipt })).into_response())
}
