//! Where one writes. A plain form without JavaScript; with it, Enter sends, drafts are kept and work can be stopped.

use super::{composer_text::use_composer_text, follow::follow, hydrated::use_hydrated};
use crate::{
    api::{ApiError, SendMessage, Snapshot, StopTurn, send_message, stop_turn},
    chat::CONTENT_MAX_BYTES,
    components::{Icon, browser},
    ids::ConversationId,
};
use leptos::{ev::KeyboardEvent, prelude::*, server_fn::ServerFn, task::spawn_local};

/// The key code that browsers give while an input method still composes (UI Events, section 7.3.1).
const COMPOSING: u32 = 229;

/// The composer of a conversation, or of one that begins with what is sent.
#[island]
pub fn Composer(
    /// Where the message goes; a new conversation when there is none.
    conversation_id: Option<ConversationId>,
    /// The conversation itself, to know whether a turn runs.
    snapshot: Snapshot,
    /// The models that answer, as a person reads them.
    models: String,
) -> impl IntoView {
    let stream = follow(snapshot);
    let running = Memo::new(move |_| {
        stream
            .transcript
            .with(|held| conversation_id.and_then(|id| held.conversation(id)).is_some_and(|held| held.running_turn_id.is_some()))
    });
    let hydrated = use_hydrated();
    let trouble = RwSignal::new(String::new());
    let text = use_composer_text(conversation_id);
    let sending = RwSignal::new(false);
    let send = move || {
        if running.get_untracked() {
            return trouble.set("The assistant is still working. Stop it, or wait for its answer.".to_owned());
        }
        let Some(content) = text.take().filter(|_| !sending.get_untracked()) else { return };
        sending.set(true);
        trouble.set(String::new());
        spawn_local(async move {
            match send_message(conversation_id, content.clone()).await {
                Ok(sent) => {
                    text.forget_draft();
                    if conversation_id != Some(sent.conversation_id) {
                        browser::go_to(&format!("/c/{}", sent.conversation_id));
                    }
                }
                Err(error) => {
                    text.give_back(&content);
                    trouble.set(error.to_string());
                }
            }
            sending.set(false);
        });
    };
    let stop = move || {
        let Some(id) = conversation_id else { return };
        spawn_local(async move { trouble.set(stop_turn(id).await.err().as_ref().map(ApiError::to_string).unwrap_or_default()) });
    };
    view! {
        <div class="compose" data-hydrated=move || hydrated.get()>
            <p class="trouble" role="alert">{move || trouble.get()}</p>
            <form
                class="compose-form"
                method="post"
                action=SendMessage::url()
                on:submit=move |event| {
                    event.prevent_default();
                    send();
                }
            >
                {conversation_id.map(|id| view! { <input type="hidden" name="conversation_id" value=id.to_string()/> })}
                <textarea
                    id="message"
                    name="content"
                    rows="1"
                    required
                    maxlength=CONTENT_MAX_BYTES
                    placeholder="Write to Holly"
                    aria-label="Message"
                    node_ref=text.area
                    on:input=move |_| text.changed()
                    on:keydown=move |event| {
                        if sends(&event) {
                            event.prevent_default();
                            send();
                        }
                    }
                ></textarea>
                <Foot models running on_stop=Callback::new(move |()| stop())/>
            </form>
        </div>
    }
}

/// Enter sends; Shift+Enter breaks the line; Enter that ends a composition belongs to the input method.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != COMPOSING
}

/// Models, a hint, and the one button: Send, or Stop while a turn runs.
#[component]
pub(super) fn Foot(models: String, #[prop(into)] running: Signal<bool>, on_stop: Callback<()>) -> impl IntoView {
    let stop = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        on_stop.run(());
    };
    view! {
        <div class="row">
            <span class="chip" title="The models that answer, tried in this order">{models}</span>
            <span class="hint">"Enter sends, Shift+Enter breaks the line"</span>
            <Show
                when=move || running.get()
                fallback=|| view! { <button class="button" data-kind="main"><Icon name="send"/>"Send"</button> }
            >
                <button class="button" data-kind="main" formaction=StopTurn::url() formnovalidate=true on:click=stop>
                    <Icon name="stop"/>
                    "Stop"
                </button>
            </Show>
        </div>
    }
}
