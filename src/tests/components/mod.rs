//! Each component in each of its states, as the server renders it. Assertions are on what a reader
//! gets, not on markup.

mod chat_message;
mod chat_room;
mod connection_status;
mod conversation_list;
mod media_figure;
mod work_group;
mod work_log_message;

use hydration_context::SsrSharedContext;
use leptos::prelude::*;
use std::sync::Arc;

/// The HTML of a view, without the marks that hydration needs.
fn html<V: IntoView>(view: impl FnOnce() -> V) -> String {
    let page = Owner::new_root(Some(Arc::new(SsrSharedContext::new())));
    let html = page.with(|| view().into_view().to_html());
    html.replace("<!>", "").replace("<!--<() />-->", "")
}

/// What of `html` a person reads: its text, with one blank for each tag.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
