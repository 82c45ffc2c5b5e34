//! `GET /api/work-log/export`: a user's data of all tiers as a download, streamed page by page.

use crate::{
    domain::ids::ConversationId,
    server::{
        base::error::{ArchiveError, Error},
        chat::find_conversation,
        export::{ExportRequest, Format, export as exported},
        http::{
            extract::{CurrentUser, params::Params},
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

/// The user's entries, of one conversation or of all, as `format=jsonl` (default) or `html`; with
/// `messages` (default for `html`) the messages too.
pub async fn export(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
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
    let mut reader = app.store.read().await.map_err(Problem::from)?;
    if let Some(id) = conversation_id {
        find_conversation(&mut reader, account.id, id).await?;
    }
    // refused now: the download would break off at the damaged object without a reason
    if let Some(key) = damage::of_user(&mut reader, account.id, conversation_id).await? {
        return Err(Error::Archive(ArchiveError::Damaged(
            key,
            "an export would be incomplete".to_owned(),
        ))
        .into());
    }
    drop(reader);
    let request = ExportRequest {
        user: account.id,
        conversation_id,
        messages,
        format,
    };
    Ok(download(
        Body::from_stream(exported(app.export_source(), request).await?),
        request,
    ))
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
