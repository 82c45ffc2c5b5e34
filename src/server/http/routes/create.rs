//! `POST /api/work-log/create`.

use crate::{
    domain::EntryDraft,
    server::{
        base::digest::sha256_hex,
        http::{
            extract::CurrentUser,
            extract::json_body::JsonBody,
            problem::{ApiResult, Problem},
        },
        state::App,
        work_log::{Origin, create_work_log},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde_json::json;

/// Longest idempotency key, in bytes.
const KEY_MAX_BYTES: usize = 200;

/// Creates an entry; with an `Idempotency-Key` a retry is safe.
pub async fn create(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    headers: HeaderMap,
    body: JsonBody,
) -> ApiResult {
    app.limits
        .creates
        .check(&account.id.to_string())
        .map_err(Problem::too_often)?;
    let draft = EntryDraft::parse(&body.value)?;
    let key = idempotency_key(&headers)?;
    let idempotency = key.map(|key| (key, sha256_hex(&String::from_utf8_lossy(&body.bytes))));
    let log = create_work_log(
        &app.store,
        app.clock.now(),
        account.id,
        draft,
        Origin {
            turn_id: None,
            idempotency,
        },
    )
    .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "success": true, "log": log })),
    )
        .into_response())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_MAX_BYTES).contains(&key.len()));
    let refused = || {
        Problem::unreadable(format!(
            "Idempotency-Key must be 1 to {KEY_MAX_BYTES} printable ASCII characters"
        ))
    };
    key.map(|key| Some(key.to_owned())).ok_or_else(refused)
}
