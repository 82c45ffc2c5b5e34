//! A stretch of work: its entries on one rail, what is done folded away, and under them what they
//! made.

use super::{Html, approval, entry, media};
use crate::{
    components::Opened,
    domain::{Segment, WorkLogEntry, fold, summary, time::Timestamp},
};
use std::sync::Arc;

/// Consecutive entries. While the turn is `running` they all stand; afterwards what went well folds
/// behind one line, except what the reader has `opened`.
pub fn work_group(
    html: &mut Html,
    entries: &[Arc<WorkLogEntry>],
    running: bool,
    opened: &Opened,
    now: Timestamp,
) {
    html.raw("<div class=\"work-group\">");
    for segment in fold(
        entries.iter().map(Arc::as_ref).collect(),
        running || !opened.folds(),
        &opened.by_hand,
    ) {
        match segment {
            Segment::Standing(members) => stretch(html, &members, opened, now),
            Segment::Folded(members) => {
                html.raw("<details class=\"work\"><summary>")
                    .icon("chevron")
                    .element("span", "", &summary(&members))
                    .raw("</summary>");
                stretch(html, &members, opened, now);
                html.raw("</details>");
            }
        }
    }
    html.raw("</div>");
    made(html, entries);
}

fn stretch(html: &mut Html, entries: &[&WorkLogEntry], opened: &Opened, now: Timestamp) {
    for member in entries {
        entry(html, member, opened.holds(member.id), now);
        approval(html, member);
    }
}

/// The files that the entries made, never folded away.
fn made(html: &mut Html, entries: &[Arc<WorkLogEntry>]) {
    let files: Vec<_> = entries
        .iter()
        .flat_map(|entry| entry.metadata.files())
        .collect();
    if !files.is_empty() {
        html.raw("<div class=\"media-row\">");
        for file in files {
            media(html, &file, &file.url());
        }
        html.raw("</div>");
    }
}
