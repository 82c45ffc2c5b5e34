//! Each component in each of its states, as the server renders it. Assertions check what a reader
//! sees, not the markup.

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

/// The HTML of a view, without hydration markers.
fn html<V: IntoView>(view: impl FnOnce() -> V) -> String {
    let page = Owner::new_root(Some(Arc::new(SsrSharedContext::new())));
    let html = page.with(|| view().into_view().to_html());
    html.replace("<!>", "").replace("<!--<() />-->", "")
}

/// The text content of `html`, with one space for each tag.
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
