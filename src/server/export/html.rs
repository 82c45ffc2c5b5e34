//! An export as one self-contained HTML page for reading offline and printing, light and dark.

use super::records::ExportRecord;
use crate::domain::{
    Change, MediaFile, Message, MessageStatus, Role, WorkLogEntry, duration_words, time::Timestamp,
};

/// The end of the page.
pub(super) const FOOT: &str = "</main></html>\n";

const STYLE: &str = include_str!("export.css");

/// The beginning of the page.
pub(super) fn head(now: Timestamp) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Holly, {date}</title><style>{STYLE}</style>\
         <main><h1>From Holly</h1><p>Exported on <time>{date}</time>.</p>\n",
        date = now.date_time()
    )
}

/// A record as HTML. `base_url` is the base of links to files; without it there are no links.
pub(super) fn record(record: &ExportRecord, base_url: &str) -> String {
    match record {
        ExportRecord::Conversation(conversation) => format!(
            "<h2 id=\"c-{}\">{}</h2><p class=\"facts\">Begun on <time>{}</time>{}</p>\n",
            conversation.id,
            escaped(&conversation.title),
            conversation.created_at.date_time(),
            if conversation.kept {
                " · kept for good"
            } else {
                ""
            }
        ),
        ExportRecord::Outside => "<h2>Outside of conversations</h2>\n".to_owned(),
        ExportRecord::Rows(rows) => rows.iter().map(|row| self::row(row, base_url)).collect(),
    }
}

fn row(row: &Change, base_url: &str) -> String {
    match row {
        Change::Entry(entry) => self::entry(entry, base_url),
        Change::Message(message) => self::message(message, base_url),
        Change::Conversation(_) | Change::Removed(_) => String::new(),
    }
}

fn message(message: &Message, base_url: &str) -> String {
    let author = if message.role == Role::User {
        "You"
    } else {
        message
            .facts
            .model_name
            .as_deref()
            .unwrap_or("The assistant")
    };
    let content = match (&message.html, message.role) {
        // Sanitised by the server.
        (Some(rendered), Role::Assistant) => format!("<div>{rendered}</div>"),
        _ => format!("<div class=\"plain\">{}</div>", escaped(&message.content)),
    };
    let status = match message.status {
        MessageStatus::Done => String::new(),
        status => format!(" · {status}"),
    };
    format!(
        "<section id=\"m-{}\" class=\"{}\">\
         <h3>{} <small><time>{}</time>{status}</small></h3>{content}{}</section>\n",
        message.id,
        message.role,
        escaped(author),
        message.created_at.date_time(),
        files(&message.attachments, base_url)
    )
}

fn entry(entry: &WorkLogEntry, base_url: &str) -> String {
    let facts = entry.metadata.clone().sorted().facts();
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{}<dd>{}", escaped(name), escaped(value)))
        .collect();
    let details = entry
        .details
        .as_deref()
        .map(|details| format!("<pre>{}</pre>", escaped(details)))
        .unwrap_or_default();
    let duration = entry
        .duration_ms
        .map(|ms| format!(" · {}", duration_words(ms)))
        .unwrap_or_default();
    format!(
        "<article id=\"entry-{}\" data-status=\"{}\">\
         <details><summary>{} <small>{}{duration}</small></summary>\
         <p class=\"facts\">{} · <time>{}</time> · {}</p>\
         <dl>{facts}</dl>{details}</details>{}</article>\n",
        entry.id,
        entry.status,
        escaped(&entry.title),
        entry.word(),
        entry.log_type,
        entry.timestamp,
        entry.storage_status,
        files(&entry.metadata.files(), base_url)
    )
}

/// A list of files; with a base URL as links.
fn files(files: &[MediaFile], base_url: &str) -> String {
    let item = |file: &MediaFile| {
        let label = format!(
            "{} ({}, {} bytes)",
            escaped(&file.name),
            escaped(&file.media_type),
            file.bytes
        );
        let name = if base_url.is_empty() {
            label
        } else {
            format!(
                "<a href=\"{}{}\">{label}</a>",
                escaped(base_url),
                file.url()
            )
        };
        format!("<li>{name}: {}</li>", escaped(&file.description))
    };
    let items: String = files.iter().map(item).collect();
    if items.is_empty() {
        items
    } else {
        format!("<ul class=\"files\">{items}</ul>")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
