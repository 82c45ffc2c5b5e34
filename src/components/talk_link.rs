//! One conversation in the list: its link, and the tools to rename and delete it.

use super::{Icon, Trouble, delete_dialog::Doomed};
use crate::{api::rename_conversation, chat::Conversation};
use leptos::{html::Input, prelude::*, task::spawn_local};

/// A row of the list. The pencil turns its title into a field; Enter keeps the new title, Escape the old one.
#[component]
pub(super) fn TalkLink(#[prop(into)] conversation: Signal<Conversation>, current: bool, doomed: RwSignal<Option<Doomed>>) -> impl IntoView {
    let editing = RwSignal::new(false);
    let title = Memo::new(move |_| conversation.with(|one| one.title.clone()));
    let doom = move |_| doomed.set(Some(conversation.with(|one| Doomed { id: one.id, title: one.title.clone() })));
    view! {
        <li class="talk-link">
            <Show when=move || editing.get() fallback=move || view! { <Link conversation current/> }>
                <RenameForm conversation editing/>
            </Show>
            <Show when=move || !editing.get()>
                <button type="button" class="tool scripted" aria-label=move || format!("Rename {}", title.get()) on:click=move |_| editing.set(true)>
                    <Icon name="pencil"/>
                </button>
                <button type="button" class="tool scripted" aria-label=move || format!("Delete {}", title.get()) on:click=doom>
                    <Icon name="trash"/>
                </button>
            </Show>
        </li>
    }
}

#[component]
fn Link(conversation: Signal<Conversation>, current: bool) -> impl IntoView {
    let running = Memo::new(move |_| conversation.with(|one| one.running_turn_id.is_some()));
    view! {
        <a href=move || conversation.with(Conversation::path) aria-current=current.then_some("page")>
            <Show when=move || running.get()>
                <span class="dot" title="Working"></span>
                <span class="unseen">"Working: "</span>
            </Show>
            <span>{move || conversation.with(|one| one.title.clone())}</span>
        </a>
    }
}

#[component]
fn RenameForm(conversation: Signal<Conversation>, editing: RwSignal<bool>) -> impl IntoView {
    let field = NodeRef::<Input>::new();
    let trouble = RwSignal::new(String::new());
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            _ = field.focus();
            field.select();
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(title) = field.get_untracked().map(|field| field.value()).filter(|title| !title.trim().is_empty()) else { return };
        let id = conversation.with_untracked(|one| one.id);
        spawn_local(async move {
            match rename_conversation(id, title).await {
                Ok(()) => drop(editing.try_set(false)),
                Err(error) => drop(trouble.try_set(error.to_string())),
            }
        });
    };
    let escape = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            event.prevent_default();
            editing.set(false);
        }
    };
    view! {
        <form on:submit=submit on:keydown=escape>
            <input
                node_ref=field
                name="title"
                aria-label="Title"
                maxlength=crate::chat::TITLE_MAX_CHARS
                value=conversation.with_untracked(|one| one.title.clone())
            />
            <Trouble text=trouble/>
        </form>
    }
}
