//! An export as one page that needs nothing else: it reads offline, in light and dark, and on
//! paper.

use super::records::ExportRecord;
use crate::domain::{
    Change, MediaFile, Message, MessageStatus, Role, WorkLogEntry, duration_words, time::Timestamp,
};

/// What ends the page.
pub(super) const FOOT: &str = "</main></html>\n";

const STYLE: &str = include_str!("export.css");

/// What begins the page.
pub(super) fn head(now: Timestamp) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Holly, {date}</title><style>{STYLE}</style><main><h1>From Holly</h1><p>Exported on <time>{date}</time>.</p>\n",
        date = now.date_time()
    )
}

/// A piece; `site` is where files are, empty when nobody said.
pub(super) fn piece(piece: &ExportRecord, site: &str) -> String {
    match piece {
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
        ExportRecord::Rows(rows) => rows.iter().map(|row| self::row(row, site)).collect(),
    }
}

fn row(row: &Change, site: &str) -> String {
    match row {
        Change::Entry(entry) => self::entry(entry, site),
        Change::Message(message) => self::message(message, site),
        Change::Conversation(_) | Change::Removed(_) => String::new(),
    }
}

fn message(message: &Message, site: &str) -> String {
    let who = if message.role == Role::User {
        "You"
    } else {
        message
            .facts
            .model_name
            .as_deref()
            .unwrap_or("The assistant")
    };
    let said = match (&message.html, message.role) {
        // The server's sanitiser has been over it.
        (Some(rendered), Role::Assistant) => format!("<div>{rendered}</div>"),
        _ => format!("<div class=\"plain\">{}</div>", escaped(&message.content)),
    };
    let ended = match message.status {
        MessageStatus::Done => String::new(),
        status => format!(" · {status}"),
    };
    format!(
        "<section id=\"m-{}\" class=\"{}\"><h3>{} <small><time>{}</time>{ended}</small></h3>{said}{}</section>\n",
        message.id,
        message.role,
        escaped(who),
        message.created_at.date_time(),
        files(&message.attachments, site)
    )
}

fn entry(entry: &WorkLogEntry, site: &str) -> String {
    let facts = entry.metadata.clone().in_order().facts();
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{}<dd>{}", escaped(name), escaped(value)))
        .collect();
    let details = entry
        .details
        .as_deref()
        .map(|details| format!("<pre>{}</pre>", escaped(details)))
        .unwrap_or_default();
    let took = entry
        .duration_ms
        .map(|ms| format!(" · {}", duration_words(ms)))
        .unwrap_or_default();
    format!(
        "<article id=\"entry-{}\" data-status=\"{}\"><details><summary>{} <small>{}{took}</small></summary>\
         <p class=\"facts\">{} · <time>{}</time> · {}</p><dl>{facts}</dl>{details}</details>{}</article>\n",
        entry.id,
        entry.status,
        escaped(&entry.title),
        entry.word(),
        entry.log_type,
        entry.timestamp,
        entry.storage_status,
        files(&entry.metadata.files(), site)
    )
}

/// Files by name; where the site's address is known, as links to it.
fn files(files: &[MediaFile], site: &str) -> String {
    let named = |file: &MediaFile| {
        let about = format!(
            "{} ({}, {} bytes)",
            escaped(&file.name),
            escaped(&file.media_type),
            file.bytes
        );
        let name = if site.is_empty() {
            about
        } else {
            format!("<a href=\"{}{}\">{about}</a>", escaped(site), file.url())
        };
        format!("<li>{name}: {}</li>", escaped(&file.description))
    };
    let items: String = files.iter().map(named).collect();
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
