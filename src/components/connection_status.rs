//! How the page stands to the server, in a word, with a way to try again.

use super::{alive::whenever, browser, markup, patch::morph};
use crate::live::{Connection, WorkLogStream, clock};
use leptos::{prelude::*, tachys::html::InertElement};
use web_sys::Element;

/// The connection in words; while it is lost, a button that tries again at once.
#[component]
pub fn ConnectionStatus(
    /// How it stands.
    #[prop(optional)]
    connection: Connection,
) -> impl IntoView {
    InertElement::new(markup::connection(connection, None))
}

/// Keeps the status below an island's root right, and hears its button.
pub(super) fn keep_connection(root: &Element, stream: WorkLogStream) {
    let Some(status) = browser::first::<Element>(root, ".connection") else {
        return;
    };
    let mut shown = String::new();
    whenever(move || {
        let connection = stream.connection.get();
        let seconds_left = match connection {
            Connection::Retrying { at_ms, .. } => Some(clock::seconds_until(at_ms)),
            _ => None,
        };
        let html = markup::connection(connection, seconds_left);
        if html != shown {
            morph(&status, &html);
            shown = html;
        }
    });
    browser::listen(root, "click", move |event| {
        if browser::happened_in(&event, "[data-do=reconnect]").is_some() {
            stream.retry.run(());
        }
    });
}
