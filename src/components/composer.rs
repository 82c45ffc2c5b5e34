//! Where one writes. A plain form without JavaScript; with it, Enter sends, drafts are kept and work can be stopped.

use super::{
    Trouble,
    composer_files::{AttachButton, Attached, ComposerFiles},
    composer_foot::ComposerFoot,
    composer_send::Sending,
    composer_text::use_composer_text,
    follow::follow,
    hydrated::use_hydrated,
};
use crate::{
    api::{ModelChoice, Snapshot},
    chat::CONTENT_MAX_BYTES,
    ids::ConversationId,
};
use leptos::{ev::KeyboardEvent, prelude::*};

/// The key code that browsers give while an input method still composes (UI Events, section 7.3.1).
const COMPOSING: u32 = 229;

/// The composer of a conversation, or of one that begins with what is sent.
#[island]
pub fn Composer(
    /// Where the message goes; a new conversation when there is none.
    conversation_id: Option<ConversationId>,
    /// The conversation itself, to know whether a turn runs.
    snapshot: Snapshot,
    /// The models that answer, in the order in which they are asked.
    models: Vec<ModelChoice>,
    /// Why the form was not taken that was sent without JavaScript.
    trouble: Option<String>,
) -> impl IntoView {
    let stream = follow(snapshot);
    let running = Memo::new(move |_| {
        stream
            .transcript
            .with(|held| conversation_id.and_then(|id| held.conversation(id)).is_some_and(|held| held.running_turn_id.is_some()))
    });
    let chosen = Memo::new(move |_| {
        stream.transcript.with(|held| conversation_id.and_then(|id| held.conversation(id)).and_then(|held| held.model.clone()))
    });
    let chooser = NodeRef::new();
    let hydrated = use_hydrated();
    let text = use_composer_text(conversation_id);
    let trouble = RwSignal::new(trouble.unwrap_or_default());
    let files = ComposerFiles::new(trouble);
    let sending = Sending { conversation_id, text, files, chooser, running, trouble, on_its_way: RwSignal::default() };
    view! {
        <div class="compose" data-hydrated=move || hydrated.get()>
            <Trouble text=sending.trouble/>
            <Form sending models chosen/>
        </div>
    }
}

/// Enter sends; Shift+Enter breaks the line; Enter that ends a composition belongs to the input method.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != COMPOSING
}

#[component]
fn TextArea(sending: Sending) -> impl IntoView {
    view! {
        <textarea
            id="message"
            name="content"
            rows="1"
            required
            maxlength=CONTENT_MAX_BYTES
            placeholder="Write to Holly"
            aria-label="Message"
            node_ref=sending.text.area
            on:input=move |_| sending.text.changed()
            on:paste=move |event| {
                if sending.files.add(event.clipboard_data().and_then(|pasted| pasted.files())) {
                    event.prevent_default();
                }
            }
            on:keydown=move |event| {
                if sends(&event) {
                    event.prevent_default();
                    sending.send();
                }
            }
        ></textarea>
    }
}

#[component]
fn Form(sending: Sending, models: Vec<ModelChoice>, chosen: Memo<Option<String>>) -> impl IntoView {
    view! {
        <form
            class="compose-form"
            method="post"
            action="/messages"
            enctype="multipart/form-data"
            node_ref=sending.files.form
            on:dragover=move |event| event.prevent_default()
            on:drop=move |event| {
                if sending.files.add(event.data_transfer().and_then(|dropped| dropped.files())) {
                    event.prevent_default();
                }
            }
            on:submit=move |event| {
                event.prevent_default();
                sending.send();
            }
        >
            {sending.conversation_id.map(|id| view! { <input type="hidden" name="conversation_id" value=id.to_string()/> })}
            <TextArea sending/>
            <Attached sending/>
            <ComposerFoot
                models
                chosen
                chooser=sending.chooser
                attach=view! { <AttachButton sending/> }.into_any()
                running=sending.running
                on_stop=Callback::new(move |()| sending.stop())
            />
        </form>
    }
}
