//! One entry of the work log: a quiet line that opens.

use super::{
    markup::{Html, approval, entry as markup},
    reader::ViewState,
};
use crate::domain::WorkLogEntry;
use leptos::{prelude::*, tachys::html::InertElement};
use std::sync::Arc;

/// An entry as a native `<details>`: status, what was done, what it cost; opened, everything that
/// is known. For one that moves on while one looks, see [`WorkLogFeed`](super::WorkLogFeed).
#[component]
pub fn WorkLogMessage(
    /// The entry.
    entry: Arc<WorkLogEntry>,
    /// Who reads it.
    reader: ViewState,
) -> impl IntoView {
    let mut html = Html::default();
    markup(
        &mut html,
        &entry,
        reader
            .opened
            .with_untracked(|opened| opened.holds(entry.id)),
        reader.server_now,
    );
    approval(&mut html, &entry);
    InertElement::new(html.take())
}
