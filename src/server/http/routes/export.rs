//! `GET /api/work-log/export`: what a person has, of all tiers, to take along; streamed a page at a
//! time.

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

/// The person's entries, of one conversation or of all, as `format=jsonl` (the default) or `html`;
/// with `messages` (the default of `html`) what was said too.
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
    // it would break off where that belongs, and nobody would know why
    if let Some(key) = damage::of_user(&mut reader, account.id, conversation_id).await? {
        return Err(Error::Archive(ArchiveError::Damaged(
            key,
            "an export would not be whole".to_owned(),
        ))
        .into());
    }
    drop(reader);
    let wanted = ExportRequest {
        user: account.id,
        conversation_id,
        messages,
        format,
    };
    Ok(file(
        Body::from_stream(exported(app.export_source(), wanted).await?),
        wanted,
    ))
}

fn file(body: Body, wanted: ExportRequest) -> Response {
    let (kind, ending) = match wanted.format {
        Format::Jsonl => ("application/x-ndjson; charset=utf-8", "jsonl"),
        Format::Html => ("text/html; charset=utf-8", "html"),
    };
    let name = match (wanted.conversation_id, wanted.messages) {
        (Some(_), _) => "holly-conversation",
        (None, true) => "holly",
        (None, false) => "holly-work-log",
    };
    let name = format!("attachment; filename=\"{name}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).expect("names of exports are plain text"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}
