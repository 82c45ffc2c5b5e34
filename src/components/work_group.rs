//! A stretch of work: its entries on one rail, what is done folded away, and under them what they
//! made.

use super::{
    markup::{Html, work_group as markup},
    reader::ViewState,
};
use crate::domain::WorkLogEntry;
use leptos::prelude::*;
use std::sync::Arc;

/// Consecutive entries. While the turn is `running` they all stand; afterwards what went well folds
/// behind one line, except what the reader has opened.
#[component]
pub fn WorkGroup(
    /// The entries, oldest first; at least one.
    entries: Vec<Arc<WorkLogEntry>>,
    /// Whether the turn they belong to is still going on.
    running: bool,
    /// Who reads them.
    reader: ViewState,
) -> impl IntoView {
    let mut html = Html::default();
    reader
        .opened
        .with_untracked(|opened| markup(&mut html, &entries, running, opened, reader.server_now));
    view! { <div class="stretch" inner_html=html.take()></div> }
}
