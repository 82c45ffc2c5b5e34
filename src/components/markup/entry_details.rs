//! What one sees when an entry is opened: its facts, its long text, and what can be done with it.

use super::Html;
use crate::{
    components::visible_text::visible_text,
    domain::{KeptBy, Status, StorageStatus, WorkLogEntry, time::Timestamp},
    server_fns::{DeleteEntry, KeepEntry},
};
use leptos::server_fn::ServerFn;

/// Longest text that is shown whole at once, in lines of about 80 characters.
const SHORT_LINES: usize = 7;

/// The card under an entry's line; `now` is server time.
pub fn details(html: &mut Html, entry: &WorkLogEntry, now: Timestamp) {
    html.raw("<div class=\"more\"><dl>");
    for (name, value) in entry.metadata.facts() {
        html.element("dt", "", &name)
            .element("dd", "", &visible_text(&value));
    }
    moment(html, "began", entry.timestamp);
    if entry.status != Status::Working && entry.updated_at > entry.timestamp {
        moment(html, "last change", entry.updated_at);
    }
    html.raw("</dl>");
    let text = entry.details.as_deref().unwrap_or_default().trim_end();
    if !text.is_empty() {
        long_text(html, &visible_text(text));
    }
    foot(html, entry, now);
    html.raw("</div>");
}

fn moment(html: &mut Html, name: &str, at: Timestamp) {
    html.element("dt", "", name)
        .raw("<dd><time")
        .attribute("datetime", &at.to_string())
        .raw(">");
    html.text(&at.date_time()).raw("</time></dd>");
}

/// Text in a well; long text is clamped until "Show all", which is a checkbox so that it needs no
/// JavaScript.
fn long_text(html: &mut Html, text: &str) {
    let lines: usize = text.lines().map(|line| 1 + line.chars().count() / 80).sum();
    let clamped = lines > SHORT_LINES;
    html.raw(if clamped {
        "<div class=\"long\" data-clamped>"
    } else {
        "<div class=\"long\">"
    });
    html.raw("<pre tabindex=\"0\">").text(text).raw("</pre>");
    if clamped {
        html.raw("<label><input type=\"checkbox\" class=\"show-all unseen\">");
        html.element("span", "all", "Show all")
            .element("span", "less", "Show less")
            .raw("</label>");
    }
    html.raw("</div>");
}

/// Copy it, link to it, keep it, delete it; and until when it is kept.
fn foot(html: &mut Html, entry: &WorkLogEntry, now: Timestamp) {
    let id = entry.id.to_string();
    html.raw("<div class=\"foot\"><button type=\"button\" class=\"plain scripted\"")
        .attribute("data-copy", &id)
        .raw(">Copy</button>");
    if let Some(conversation) = entry.conversation_id {
        html.raw("<a class=\"plain\"")
            .attribute("href", &format!("/c/{conversation}#entry-{id}"))
            .raw(">Link</a>");
    }
    let kept = entry.kept_by == Some(KeptBy::Entry);
    html.raw("<form method=\"post\" data-live")
        .attribute("action", KeepEntry::url());
    html.attribute("data-next", &format!("[id='entry-{id}'] > summary"))
        .raw(">");
    html.hidden("entry_id", &id)
        .hidden("kept", if kept { "false" } else { "true" });
    html.element("button", "plain", if kept { "Let expire" } else { "Keep" })
        .trouble()
        .raw("</form>");
    deletion(html, &id);
    html.element("span", "until", &until_words(entry, now))
        .raw("</div>");
}

/// Deleting takes two steps, the second of which says what it does.
fn deletion(html: &mut Html, id: &str) {
    html.raw("<details class=\"sure\"><summary class=\"plain\">Delete</summary>");
    html.raw("<form method=\"post\" data-live data-next=\"#receipt\"")
        .attribute("action", DeleteEntry::url())
        .raw(">");
    html.hidden("entry_id", id);
    html.raw(
        "<button class=\"plain\" data-kind=\"danger\">Delete it everywhere, for good</button>",
    )
    .trouble()
    .raw("</form></details>");
}

fn until_words(entry: &WorkLogEntry, now: Timestamp) -> String {
    let kept = match (entry.expires_at, entry.kept_by) {
        (Some(until), _) if until <= now => "Is deleted within the hour".to_owned(),
        (Some(until), _) => format!("Kept until {}", until.date()),
        (None, Some(KeptBy::Conversation)) => "Kept with its conversation".to_owned(),
        (None, Some(KeptBy::Hold)) => "On hold: an admin keeps it".to_owned(),
        (None, _) => "Kept until you let it expire".to_owned(),
    };
    match entry.storage_status {
        StorageStatus::Cold | StorageStatus::Archived => format!("From the archive · {kept}"),
        StorageStatus::Hot | StorageStatus::Warm => kept,
    }
}
