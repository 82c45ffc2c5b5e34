//! The question that a tool asks before it writes or sends: what it is about to do, and three
//! buttons.

use super::Html;
use crate::{
    components::visible_text::{visible_line, visible_text},
    domain::{Decision, WorkLogEntry},
    server_fns::DecideApproval,
};
use leptos::server_fn::ServerFn;

/// The card under an entry that waits for its owner's word; nothing under any other. It goes as
/// soon as it is answered, here or elsewhere; then the focus is on the entry's line.
pub fn approval(html: &mut Html, entry: &WorkLogEntry) {
    let Some(until) = entry.waits_until() else {
        return;
    };
    let (id, title) = (entry.id, visible_line(&entry.title));
    html.raw("<form class=\"approval\" method=\"post\" data-live")
        .attribute("action", DecideApproval::url());
    html.attribute("id", &format!("approval-{id}"))
        .attribute("data-next", &format!("#entry-{id} > summary"));
    html.raw(">").hidden("entry_id", &id.to_string());
    html.raw("<p>May ").element(
        "code",
        "",
        &visible_line(entry.metadata.text("tool").unwrap_or("a tool")),
    );
    html.raw(" run? It may change or send something.</p>");
    let given = entry.details.as_deref().unwrap_or_default().trim_end();
    html.raw("<pre tabindex=\"0\">")
        .text(&visible_text(given))
        .raw("</pre><div class=\"row\">");
    choice(html, Decision::Once, "Allow once", &title);
    choice(html, Decision::Always, "Always allow", &title);
    choice(html, Decision::Deny, "Deny", &title);
    html.raw("<span class=\"until\">Waits until <time")
        .attribute("datetime", &until.to_string())
        .raw(">");
    html.text(&until.date_time())
        .raw("</time></span></div>")
        .trouble()
        .raw("</form>");
}

fn choice(html: &mut Html, decision: Decision, words: &str, title: &str) {
    html.raw("<button class=\"button\" name=\"decision\"")
        .attribute("value", decision.as_str());
    if decision == Decision::Once {
        html.attribute("data-kind", "main");
    }
    html.attribute("aria-label", &format!("{words}: {title}"))
        .raw(">")
        .text(words)
        .raw("</button>");
}
