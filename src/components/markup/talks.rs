//! All conversations under their days.

use super::Html;
use crate::domain::{Conversation, Period, ids::ConversationId};

/// Headings and what stands under them, as `group_by_period` gives them; `current` is open.
pub fn talks(
    html: &mut Html,
    groups: &[(Period, Vec<Conversation>)],
    current: Option<ConversationId>,
) {
    if groups.is_empty() {
        html.element("p", "none", "What you talk about will be listed here.");
    }
    for (period, conversations) in groups {
        html.element("h2", "", period.heading()).raw("<ul>");
        for conversation in conversations {
            talk(html, conversation, current == Some(conversation.id));
        }
        html.raw("</ul>");
    }
}

/// A link, and the tools to rename and delete: they open the dialogs of `talk_dialogs`.
fn talk(html: &mut Html, conversation: &Conversation, current: bool) {
    let id = conversation.id.to_string();
    html.raw("<li class=\"talk-link\"")
        .attribute("id", &format!("talk-{id}"))
        .raw("><a")
        .attribute("href", &conversation.path());
    html.raw(if current {
        " aria-current=\"page\">"
    } else {
        ">"
    });
    if conversation.running_turn_id.is_some() {
        html.raw("<span class=\"dot\" title=\"Working\"></span>")
            .element("span", "unseen", "Working: ");
    }
    html.element("span", "", &conversation.title).raw("</a>");
    for (dialog, word, glyph) in [
        ("rename", "Rename", "pencil"),
        ("delete", "Delete", "trash"),
    ] {
        html.raw("<button type=\"button\" class=\"tool scripted\"")
            .attribute("data-dialog", dialog)
            .attribute("data-talk", &id);
        html.attribute("aria-label", &format!("{word} {}", conversation.title))
            .raw(">")
            .icon(glyph)
            .raw("</button>");
    }
    html.raw("</li>");
}
