//! One entry of the work log: a quiet line that opens.

use super::{
    approval_card::ApprovalCard, entry_details::EntryDetails, entry_facts::EntryFacts, icon::StatusIcon, reader::Reader,
    visible_text::visible_line,
};
use crate::work_log::WorkLogEntry;
use leptos::{prelude::*, wasm_bindgen::JsCast};
use std::sync::Arc;

/// An entry as a native `<details>`: status, what was done, what it cost; opened, everything that is known.
/// When `entry` changes the row changes in place, and keeps focus and openness.
#[component]
pub fn WorkLogMessage(
    /// The entry, or a signal of it.
    #[prop(into)]
    entry: Signal<Arc<WorkLogEntry>>,
    /// Who reads it.
    reader: Reader,
) -> impl IntoView {
    let id = entry.with_untracked(|entry| entry.id);
    let open = Memo::new(move |_| reader.opened.with(|opened| opened.contains(&id)));
    let status = Memo::new(move |_| entry.with(|entry| entry.status));
    view! {
        <details
            id=format!("entry-{id}")
            class="entry"
            data-status=move || status.get().as_str()
            open=move || open.get()
            on:toggle=move |event| reader.toggled(id, is_open(&event))
        >
            <summary>
                <span class="glyph">
                    <StatusIcon status/>
                </span>
                <EntryTitle entry/>
                <EntryFacts entry server_now=reader.server_now/>
            </summary>
            <EntryDetails entry/>
        </details>
        <ApprovalCard entry/>
    }
}

#[component]
fn EntryTitle(entry: Signal<Arc<WorkLogEntry>>) -> impl IntoView {
    let part = move |pick: fn(&WorkLogEntry) -> &str| entry.with(|entry| visible_line(pick(entry)).into_owned());
    view! {
        <span class="title">
            {move || part(|entry| entry.subject().0)}
            <b>{move || part(|entry| entry.subject().1)}</b>
            {move || part(|entry| entry.subject().2)}
        </span>
    }
}

fn is_open(event: &web_sys::Event) -> bool {
    let details = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    details.is_some_and(|details| details.has_attribute("open"))
}
