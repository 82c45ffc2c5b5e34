//! `GET · PATCH · DELETE /api/work-log/{id}`.

use crate::{
    domain::{
        EntryPatch, Scope, WorkLogEntry,
        ids::{EntryId, UserId},
    },
    server::{
        archive::reader::{find, retry_on_moved_object},
        base::error::Error,
        http::{
            extract::{CurrentUser, Identity},
            extract::{json_body::JsonBody, params::PathId},
            problem::{ApiResult, Problem},
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
    let log = find_entry(&app, account.id, id).await?;
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Updates an entry in any tier.
pub async fn patch(
    State(app): State<App>,
    identity: Identity,
    PathId(id): PathId<EntryId>,
    body: JsonBody,
) -> ApiResult {
    let patch = EntryPatch::parse(&body.value)?;
    check_change(&app, &identity, id).await?;
    let user = identity.account.id;
    let log = update_entry(&app.tiers, app.clock.now(), user, id, patch).await?;
    let log = if identity.scopes.contains(Scope::LogRead) {
        json!(log)
    } else {
        // what a key without that scope may not read
        json!({ "id": log.id, "status": log.status, "rev": log.rev, "updatedAt": log.updated_at })
    };
    Ok(Json(json!({ "success": true, "log": log })).into_response())
}

/// Deletes an entry from every tier.
pub async fn delete(
    State(app): State<App>,
    identity: Identity,
    PathId(id): PathId<EntryId>,
) -> ApiResult {
    check_change(&app, &identity, id).await?;
    let user = identity.account.id;
    let receipt = delete_entry(&app.tiers, &app.files, app.clock.now(), user, id).await?;
    Ok(Json(json!({ "success": true, "receipt": receipt })).into_response())
}

async fn find_entry(app: &App, user: UserId, id: EntryId) -> Result<WorkLogEntry, Error> {
    let archive = &app.tiers.archive;
    retry_on_moved_object(&app.store, |reader| find(reader, archive, user, id))
        .await?
        .ok_or(Error::NotFound("entry"))
}

/// Refuses a key or token to change or delete an entry for which it lacks the scope: `log:write`
/// for an entry that came from outside, `chat` for one of a turn.
async fn check_change(app: &App, identity: &Identity, id: EntryId) -> Result<(), Problem> {
    if identity.is_session() {
        return Ok(());
    }
    let entry = find_entry(app, identity.account.id, id).await?;
    identity.check_scope(match entry.turn_id {
        None => Scope::LogWrite,
        Some(_) => Scope::Chat,
    })
}
