//! Asks before a conversation is deleted for good.

use super::{Trouble, browser};
use crate::{api::delete_conversation, ids::ConversationId};
use leptos::{html::Dialog, prelude::*, task::spawn_local};

/// The conversation that somebody wants to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doomed {
    pub(super) id: ConversationId,
    pub(super) title: String,
}

/// A modal dialog, open while something is doomed. Deleting the conversation that is open goes to a new one.
#[component]
pub(super) fn DeleteDialog(doomed: RwSignal<Option<Doomed>>, current: Option<ConversationId>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let trouble = RwSignal::new(String::new());
    Effect::new(move |_| {
        let wanted = doomed.with(Option::is_some);
        if let Some(dialog) = dialog.get() {
            match (wanted, dialog.open()) {
                (true, false) => _ = dialog.show_modal(),
                (false, true) => dialog.close(),
                _ => {}
            }
        }
    });
    let delete = move |_| {
        let Some(Doomed { id, .. }) = doomed.get_untracked() else { return };
        spawn_local(async move {
            match delete_conversation(id).await {
                Ok(()) if current == Some(id) => browser::go_to("/"),
                Ok(()) => doomed.set(None),
                Err(error) => trouble.set(error.to_string()),
            }
        });
    };
    let close = move || {
        trouble.set(String::new());
        doomed.set(None);
    };
    let title = move || doomed.with(|doomed| doomed.as_ref().map(|doomed| doomed.title.clone()).unwrap_or_default());
    view! {
        <dialog node_ref=dialog aria-label="Delete a conversation" on:close=move |_| close()>
            <h2>"Delete “" {title} "”?"</h2>
            <p>"Its messages, its work and its files are deleted everywhere. This cannot be undone."</p>
            <Trouble text=trouble/>
            <div class="row">
                <button type="button" class="button" autofocus on:click=move |_| close()>"Keep it"</button>
                <button type="button" class="button" data-kind="danger" on:click=delete>"Delete"</button>
            </div>
        </dialog>
    }
}
