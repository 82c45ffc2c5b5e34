//! `POST /api/conversations/{id}/messages`, `/regenerate` and `/stop`, and the composer's form.

use crate::{
    domain::{error::ApiError, ids::ConversationId},
    server::{
        http::{
            extract::CurrentUser,
            extract::{message_body::MessageBody, params::PathId},
            problem::{ApiResult, Problem},
            redirects::page_path,
        },
        state::App,
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use leptos::server_fn::error::ServerFnUrlError;
use serde_json::json;

/// Stores a message and its files and starts the turn that answers it; the turn outlives the
/// request.
pub async fn send(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<ConversationId>,
    body: MessageBody,
) -> ApiResult {
    let (turn, message) = app
        .assistant
        .send_with(account.id, Some(id), body.message, body.uploads)
        .await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(json!({ "success": true, "message": message, "turnId": turn.id })),
    )
        .into_response())
}

/// The composer's form. Like [`send`]; without a conversation it creates one. A browser without
/// JavaScript is redirected to the conversation, or back to its page with the error.
pub async fn send_form(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    headers: HeaderMap,
    body: Result<MessageBody, Problem>,
) -> ApiResult {
    let sent = match body {
        Ok(body) => app
            .assistant
            .send_with(account.id, body.conversation_id, body.message, body.uploads)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let is_plain_form = headers
        .get(header::ACCEPT)
        .and_then(|accepts| accepts.to_str().ok())
        .is_some_and(|accepts| accepts.contains("text/html"));
    match sent {
        Ok((turn, _)) if is_plain_form => {
            Ok(Redirect::to(&format!("/c/{}", turn.conversation_id)).into_response())
        }
        Ok((turn, message)) => {
            let sent = json!({
                "success": true,
                "conversationId": turn.conversation_id,
                "message": message,
                "turnId": turn.id,
            });
            Ok((StatusCode::ACCEPTED, Json(sent)).into_response())
        }
        Err(problem) => is_plain_form
            .then(|| back(&headers, &problem))
            .flatten()
            .ok_or(problem),
    }
}

/// A redirect to the page of the form, with the error in the URL as server functions encode it.
fn back(headers: &HeaderMap, problem: &Problem) -> Option<Response> {
    let page = headers.get(header::REFERER)?.to_str().ok()?;
    let error = ServerFnUrlError::new("/messages", ApiError::Refused(problem.sentence()));
    let page = error.to_url(page).ok()?;
    Some(Redirect::to(&page_path(page.as_str())).into_response())
}

/// Regenerates the answer to the last message.
pub async fn regenerate(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<ConversationId>,
) -> ApiResult {
    let turn = app.assistant.retry(account.id, id).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(json!({ "success": true, "turnId": turn.id })),
    )
        .into_response())
}

/// Stops the running turn; the answer so far is kept.
pub async fn stop(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<ConversationId>,
) -> ApiResult {
    let turn = app.assistant.stop(account.id, id).await?;
    Ok(Json(json!({ "success": true, "turnId": turn })).into_response())
}
