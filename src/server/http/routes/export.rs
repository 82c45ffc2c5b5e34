//! `GET /api/work-log/export`: a user's data of all tiers as a download, streamed page by page.

use crate::{
    domain::{AuditAction, Scope, ids::ConversationId},
    server::{
        audit::{self, Event},
        base::error::{ArchiveError, Error, Result},
        chat::find_conversation,
        export::{ExportRequest, Format, export as exported},
        http::{
            extract::{ClientAddress, Identity, params::Params},
            problem::{ApiResult, Problem},
        },
        state::App,
        store::retention::damage,
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt};

/// The user's entries, of one conversation or of all, as `format=jsonl` (default) or `html`; with
/// `messages` (default for `html`) the messages too. What is outside the caller's scopes is left
/// out.
pub async fn export(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    identity: Identity,
    mut params: Params,
) -> ApiResult {
    let conversation_id: Option<ConversationId> = params.take("conversationId");
    let format = match params.text("format", 10).as_deref() {
        None | Some("jsonl") => Format::Jsonl,
        Some("html") => Format::Html,
        Some(_) => {
            params.refuse("format", "must be jsonl or html");
            Format::Jsonl
        }
    };
    let messages = params.take("messages").unwrap_or(format == Format::Html);
    params.finish()?;
    let messages = messages && identity.scopes.contains(Scope::Chat);
    if !messages {
        identity.check_scope(Scope::LogRead)?;
    }
    let user = identity.account.id;
    let mut reader = app.store.read().await.map_err(Problem::from)?;
    if let Some(id) = conversation_id {
        find_conversation(&mut reader, user, id).await?;
    }
    // refused now: the download would break off at the damaged object without a reason
    if let Some(key) = damage::of_user(&mut reader, user, conversation_id).await? {
        return Err(Error::Archive(ArchiveError::Damaged(
            key,
            "an export would be incomplete".to_owned(),
        ))
        .into());
    }
    drop(reader);
    let request = ExportRequest {
        user,
        conversation_id,
        messages,
        entries: identity.scopes.contains(Scope::LogRead),
        format,
    };
    let text = exported(app.export_source(), request).await?;
    let what = if conversation_id.is_some() {
        "one conversation"
    } else {
        "everything"
    };
    let event = Event::of(AuditAction::Exported).by(user).about(user);
    let event = event.from_address(address).detail(what);
    audit::record(&app.store, app.clock.now(), event).await;
    let text = while_allowed(app, identity, text);
    Ok(download(Body::from_stream(text), request))
}

/// Aborts the transfer when the credential is no longer valid: the account was disabled, or the
/// session or key ended.
pub(crate) fn while_allowed(
    app: App,
    identity: Identity,
    text: impl Stream<Item = Result<String>>,
) -> impl Stream<Item = Result<String>> {
    let wakes = app.store.wakeups().subscribe(identity.account.id);
    let (credential, expires_at) = (identity.credential.clone(), identity.expires_at);
    let checked = wakes.borrow().access;
    let state = (wakes, checked, app, credential);
    text.scan(state, move |(wakes, checked, app, credential), part| {
        let has_expired = expires_at.is_some_and(|at| at <= app.clock.now());
        let access = wakes.borrow().access;
        let has_changed = std::mem::replace(checked, access) != access;
        let (app, credential) = (app.clone(), credential.clone());
        async move {
            let is_allowed = !has_expired
                && (!has_changed || matches!(credential.identity(&app).await, Ok(Some(_))));
            Some(if is_allowed {
                part
            } else {
                Err(Error::Conflict("access ended during the export".to_owned()))
            })
        }
    })
}

fn download(body: Body, request: ExportRequest) -> Response {
    let (kind, extension) = match request.format {
        Format::Jsonl => ("application/x-ndjson; charset=utf-8", "jsonl"),
        Format::Html => ("text/html; charset=utf-8", "html"),
    };
    let name = match (request.conversation_id, request.messages) {
        (Some(_), _) => "holly-conversation",
        (None, true) => "holly",
        (None, false) => "holly-work-log",
    };
    let name = format!("attachment; filename=\"{name}.{extension}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).expect("names of exports are plain ASCII"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}
