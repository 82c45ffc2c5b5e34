//! `GET /api/work-log/export`: every entry of all tiers, newest first, as the list shows it; streamed a page at a time.

use super::{Answer, Problem, params::Params};
use crate::{
    ids::ConversationId,
    server::{
        chat::find_conversation, middleware::identity::CurrentUser, retention::exporting::pages, state::App, store::work_logs::EntryFilter,
    },
    work_log::WorkLogEntry,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};

const HTML_HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
    <title>Holly work log</title><h1>Work log</h1>\n";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Jsonl,
    Html,
}

/// The person's entries, of one conversation or of all, as `format=jsonl` (the default) or `html`.
pub async fn export(State(app): State<App>, CurrentUser(account): CurrentUser, mut params: Params) -> Answer {
    let conversation_id: Option<ConversationId> = params.take("conversationId");
    let format = match params.text("format", 10).as_deref() {
        None | Some("jsonl") => Format::Jsonl,
        Some("html") => Format::Html,
        Some(_) => {
            params.refuse("format", "must be jsonl or html");
            Format::Jsonl
        }
    };
    params.finish()?;
    if let Some(id) = conversation_id {
        find_conversation(&mut app.store.read().await.map_err(Problem::from)?, account.id, id).await?;
    }
    let filter = EntryFilter { conversation_id, ..EntryFilter::default() };
    let entries = pages(app.retention, account.id, filter).map(move |page| {
        let page = page.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
        Ok::<_, crate::server::error::Error>(page.iter().map(|entry| written(entry, format)).collect::<String>())
    });
    let head = stream::iter((format == Format::Html).then(|| Ok(HTML_HEAD.to_owned())));
    Ok(file(Body::from_stream(head.chain(entries)), format))
}

fn file(body: Body, format: Format) -> Response {
    let (kind, name) = match format {
        Format::Jsonl => ("application/x-ndjson; charset=utf-8", "attachment; filename=\"holly-work-log.jsonl\""),
        Format::Html => ("text/html; charset=utf-8", "attachment; filename=\"holly-work-log.html\""),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

fn written(entry: &WorkLogEntry, format: Format) -> String {
    match format {
        Format::Jsonl => serde_json::to_string(entry).unwrap_or_default() + "\n",
        Format::Html => html(entry),
    }
}

fn html(entry: &WorkLogEntry) -> String {
    let facts: String = entry.metadata.facts().iter().map(|(name, value)| format!("<dt>{}<dd>{}", escaped(name), escaped(value))).collect();
    let details = entry.details.as_deref().map(|details| format!("<pre>{}</pre>", escaped(details))).unwrap_or_default();
    format!(
        "<article id=\"entry-{}\"><h2>{}</h2><p>{} · {} · <time>{}</time> · {}</p><dl>{facts}</dl>{details}</article>\n",
        entry.id,
        escaped(&entry.title),
        entry.log_type,
        entry.word(),
        entry.timestamp,
        entry.storage_status
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
