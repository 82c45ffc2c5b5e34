//! One entry of the work log: a quiet line that opens.

use super::{Html, entry_details::details};
use crate::{
    components::visible_text::visible_line,
    domain::{Status, StorageStatus, WorkLogEntry, duration_words, elapsed_words, time::Timestamp},
};

/// An entry as a native `<details>`: status, what was done, what it cost; opened, everything that
/// is known. `now` is server time, from which a running time is counted.
pub fn entry(html: &mut Html, entry: &WorkLogEntry, open: bool, now: Timestamp) {
    let status = entry.status.as_str();
    html.raw("<details")
        .attribute("id", &format!("entry-{}", entry.id))
        .raw(" class=\"entry\"")
        .attribute("data-status", status);
    html.raw(if open {
        " open><summary>"
    } else {
        "><summary>"
    });
    html.raw("<span class=\"glyph\">")
        .icon(status)
        .raw("</span>");
    let (before, subject, after) = entry.subject();
    html.raw("<span class=\"title\">")
        .text(&visible_line(before))
        .element("b", "", &visible_line(subject));
    html.text(&visible_line(after)).raw("</span>");
    facts(html, entry, now);
    html.raw("</summary>");
    details(html, entry, now);
    html.raw("</details>");
}

/// The end of the line: status word, tokens, progress and duration. The word is always there, and
/// in sight where the entry is not plainly done.
fn facts(html: &mut Html, entry: &WorkLogEntry, now: Timestamp) {
    html.raw("<span class=\"facts\">").element(
        "span",
        if entry.status.stands_out() {
            "word"
        } else {
            "unseen"
        },
        entry.word(),
    );
    if matches!(
        entry.storage_status,
        StorageStatus::Cold | StorageStatus::Archived
    ) {
        html.raw("<span class=\"tier\">from the archive</span>");
    }
    for words in [masked(entry), tokens(entry)].into_iter().flatten() {
        html.element("span", "extra", &words);
    }
    if entry.status == Status::Working {
        if let Some(step) = entry.metadata.text("step") {
            html.element("span", "extra step", &visible_line(step));
        }
        if let Some(percent) = entry.metadata.number("progress") {
            html.element("span", "extra", &format!("{} %", percent.clamp(0, 100)));
        }
        elapsed(html, entry.timestamp, now);
    } else if let Some(ms) = entry.duration_ms {
        html.element("span", "", &duration_words(ms));
    }
    html.raw("</span>");
}

/// Seconds since `since`; `ticking` counts them up. Hidden from screen readers, which would read
/// every tick aloud.
fn elapsed(html: &mut Html, since: Timestamp, now: Timestamp) {
    html.raw("<span")
        .attribute("data-since", &since.millis().to_string())
        .raw(" aria-hidden=\"true\" class=\"elapsed\">");
    html.text(&elapsed_words(now.since(since))).raw("</span>");
}

fn tokens(entry: &WorkLogEntry) -> Option<String> {
    let (read, written) = (
        entry.metadata.number("inputTokens"),
        entry.metadata.number("outputTokens"),
    );
    token_words(read, written, entry.metadata.flag("tokensEstimated"))
}

/// Secrets that were taken out: `2 values masked`.
fn masked(entry: &WorkLogEntry) -> Option<String> {
    let count = entry
        .metadata
        .number("maskedValues")
        .filter(|count| *count > 0)?;
    Some(format!(
        "{count} value{} masked",
        if count == 1 { "" } else { "s" }
    ))
}

/// Tokens read and written: `812 → 164 tokens`, `about` so many where they were estimated; `None`
/// when neither is known.
pub fn token_words(read: Option<i64>, written: Option<i64>, estimated: bool) -> Option<String> {
    let about = if estimated { "about " } else { "" };
    match (read, written) {
        (Some(read), Some(written)) => Some(format!("{about}{read} → {written} tokens")),
        (Some(one), None) | (None, Some(one)) => Some(format!("{about}{one} tokens")),
        (None, None) => None,
    }
}

/// An entry as plain text, to be copied.
pub fn as_text(entry: &WorkLogEntry) -> String {
    let mut text = format!("{}\n{} · {}\n", entry.title, entry.word(), entry.timestamp);
    for (name, value) in entry.metadata.facts() {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(details) = &entry.details {
        text.push_str(&format!("\n{details}\n"));
    }
    text
}
