//! The question that a tool asks before it writes or sends: what it is about to do, and three buttons. A plain form
//! without JavaScript; it goes as soon as it is answered, here or elsewhere.

use super::{Trouble, browser, visible_text::visible_text};
use crate::{
    api::{DecideApproval, decide_approval},
    ids::EntryId,
    work_log::{Decision, WorkLogEntry},
};
use leptos::{ev::MouseEvent, prelude::*, server_fn::ServerFn, task::spawn_local};
use std::sync::Arc;

/// The card under an entry that waits for its owner's word; nothing under any other.
#[component]
pub(super) fn ApprovalCard(entry: Signal<Arc<WorkLogEntry>>) -> impl IntoView {
    let waits = Memo::new(move |_| entry.with(|entry| entry.waits_until().is_some()));
    view! {
        <Show when=move || waits.get()>
            <Question entry=entry.get_untracked()/>
        </Show>
    }
}

#[component]
fn Question(entry: Arc<WorkLogEntry>) -> impl IntoView {
    let id = entry.id;
    let title = visible_text(&entry.title).into_owned();
    let tool = visible_text(entry.metadata.text("tool").unwrap_or("a tool")).into_owned();
    let arguments = entry.details.as_deref().map(|text| visible_text(text.trim_end()).into_owned()).unwrap_or_default();
    let until = entry.waits_until();
    let answering = Answering { id, pending: RwSignal::new(false), trouble: RwSignal::new(String::new()) };
    view! {
        <form class="approval" method="post" action=DecideApproval::url() aria-label=format!("May this run? {title}")>
            <input type="hidden" name="entry_id" value=id.to_string()/>
            <p>"May " <code>{tool}</code> " run? It may change or send something. With this:"</p>
            <pre tabindex="0" role="region" aria-label=format!("What {title} is given")>{arguments}</pre>
            <div class="row">
                <Choice answering decision=Decision::Once words="Allow once" title=title.clone()/>
                <Choice answering decision=Decision::Always words="Always allow" title=title.clone()/>
                <Choice answering decision=Decision::Deny words="Deny" title=title.clone()/>
                {until.map(|until| view! {
                    <span class="until">"Waits until " <time datetime=until.to_string()>{until.date_time()}</time></span>
                })}
            </div>
            <Trouble text=answering.trouble/>
        </form>
    }
}

/// An answer on its way, and why the last one was not taken.
#[derive(Clone, Copy)]
struct Answering {
    id: EntryId,
    pending: RwSignal<bool>,
    trouble: RwSignal<String>,
}

impl Answering {
    /// Sends the answer. The card goes when the entry says so; the focus goes to the entry's line, which stays.
    fn answer(self, decision: Decision) {
        self.pending.set(true);
        spawn_local(async move {
            let answer = decide_approval(self.id, decision).await;
            self.pending.try_set(false);
            match answer {
                Ok(()) => browser::focus(&format!("[id='entry-{}'] > summary", self.id)),
                Err(error) => drop(self.trouble.try_set(error.to_string())),
            }
        });
    }
}

#[component]
fn Choice(answering: Answering, decision: Decision, words: &'static str, title: String) -> impl IntoView {
    let click = move |event: MouseEvent| {
        event.prevent_default();
        answering.answer(decision);
    };
    view! {
        <button
            class="button"
            name="decision"
            value=decision.as_str()
            data-kind=(decision == Decision::Once).then_some("main")
            aria-label=format!("{words}: {title}")
            disabled=move || answering.pending.get()
            on:click=click
        >
            {words}
        </button>
    }
}
