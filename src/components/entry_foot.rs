//! What can be done with an entry: copy it, link to it, keep it. And until when it is kept.

use super::{Trouble, browser};
use crate::{
    api::{KeepEntry, keep_entry},
    work_log::{StorageStatus, WorkLogEntry},
};
use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use std::{sync::Arc, time::Duration};

const COPIED_FOR: Duration = Duration::from_secs(2);

/// The foot of an opened entry.
#[component]
pub(super) fn EntryFoot(entry: Signal<Arc<WorkLogEntry>>) -> impl IntoView {
    let until = Memo::new(move |_| entry.with(|entry| until_words(entry)));
    let link = entry.with_untracked(|entry| Some(format!("/c/{}#entry-{}", entry.conversation_id?, entry.id)));
    view! {
        <div class="foot">
            <CopyButton text=Signal::derive(move || entry.with(|entry| as_text(entry)))/>
            {link.map(|link| view! { <a class="plain" href=link>"Link"</a> })}
            <KeepButton entry/>
            <span class="until">{move || until.get()}</span>
        </div>
    }
}

#[component]
fn CopyButton(text: Signal<String>) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        browser::copy(&text.get_untracked());
        copied.set(true);
        set_timeout(move || _ = copied.try_set(false), COPIED_FOR);
    };
    view! {
        <button type="button" class="plain scripted" on:click=copy>
            {move || if copied.get() { "Copied" } else { "Copy" }}
        </button>
    }
}

#[component]
fn KeepButton(entry: Signal<Arc<WorkLogEntry>>) -> impl IntoView {
    let id = entry.with_untracked(|entry| entry.id);
    let kept = Memo::new(move |_| entry.with(|entry| entry.expires_at.is_none()));
    let trouble = RwSignal::new(String::new());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let keep = !kept.get_untracked();
        spawn_local(async move {
            let answer = keep_entry(id, keep).await;
            trouble.set(answer.err().map(|error| error.to_string()).unwrap_or_default());
        });
    };
    view! {
        <form method="post" action=KeepEntry::url() on:submit=submit>
            <input type="hidden" name="entry_id" value=id.to_string()/>
            <input type="hidden" name="kept" value=move || (!kept.get()).to_string()/>
            <button class="plain">{move || if kept.get() { "Let expire" } else { "Keep" }}</button>
        </form>
        <Trouble text=trouble/>
    }
}

fn until_words(entry: &WorkLogEntry) -> String {
    let kept = entry.expires_at.map_or_else(|| "Kept".to_owned(), |until| format!("Kept until {}", until.date()));
    match entry.storage_status {
        StorageStatus::Cold | StorageStatus::Archived => format!("From the archive · {kept}"),
        StorageStatus::Hot | StorageStatus::Warm => kept,
    }
}

fn as_text(entry: &WorkLogEntry) -> String {
    let mut text = format!("{}\n{} · {}\n", entry.title, entry.word(), entry.timestamp);
    for (name, value) in entry.metadata.facts() {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(details) = &entry.details {
        text.push_str(&format!("\n{details}\n"));
    }
    text
}
