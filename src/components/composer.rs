//! Where one writes. A plain form without JavaScript; with it, Enter sends, drafts are kept and
//! work can be stopped.

use super::{
    ComposerFoot, Trouble,
    alive::{Known, bring_to_life, whenever},
    browser,
    composer_files::ComposerFiles,
    composer_text::ComposerText,
    follow::follow,
    live_forms::say_trouble,
    markup,
    patch::morph,
};
use crate::{
    domain::{
        CONTENT_MAX_BYTES, Conversation, ModelChoice, Snapshot, error::ApiError,
        ids::ConversationId, json::JsonFields,
    },
    live::WorkLogStream,
    server_fns::{StopTurn, post, post_files},
};
use leptos::{html::Div, prelude::*, server_fn::ServerFn, task::spawn_local, wasm_bindgen::JsCast};
use serde_json::{Value, json};
use std::{cell::Cell, rc::Rc};
use web_sys::{Element, Event, FormData, HtmlFormElement, HtmlTextAreaElement, KeyboardEvent};

/// The key code that browsers give while an input method still composes (UI Events, section 7.3.1).
const COMPOSING: u32 = 229;
/// Said to somebody who sends while a turn runs.
const STILL_WORKING: &str = "The assistant is still working. Stop it, or wait for its answer.";

/// Said to somebody who sends files and no words.
const NO_WORDS: &str = "Please write something beside the files.";
/// Where messages go, with their files.
const MESSAGES: &str = "/messages";

/// The composer's form as the server renders it.
#[component]
pub(super) fn ComposerForm(
    /// Where the message goes; a new conversation when there is none.
    conversation: Option<Conversation>,
    /// The conversation itself.
    snapshot: Snapshot,
    /// The models that answer, in the order in which they are asked.
    models: Vec<ModelChoice>,
    /// Why the form was not taken that was sent without JavaScript.
    trouble: Option<String>,
) -> impl IntoView {
    let conversation_id = conversation.as_ref().map(|open| open.id);
    let running = conversation
        .as_ref()
        .is_some_and(|open| open.running_turn_id.is_some());
    // one goes on writing where a conversation begins; in another one, keys scroll
    let begins = conversation_id.is_none() || running;
    let chosen = conversation.and_then(|open| open.model);
    view! {
        <Composer>
            <Known what=json!({ "conversationId": conversation_id, "snapshot": snapshot })/>
            <Trouble text=trouble.unwrap_or_default()/>
            <form class="compose-form" method="post" action=MESSAGES enctype="multipart/form-data">
                {conversation_id.map(|id| view! { <input type="hidden" name="conversation_id" value=id.to_string()/> })}
                <textarea id="message" name="content" rows="1" required autofocus=begins maxlength=CONTENT_MAX_BYTES placeholder="Write to Holly" aria-label="Message"></textarea>
                <ul class="attached" aria-label="Attached files" hidden></ul>
                <ComposerFoot models chosen running/>
            </form>
        </Composer>
    }
}

/// Brings the composer to life. Its children are the form.
#[island]
pub fn Composer(
    /// The form as the server rendered it.
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    bring_to_life(place, begin);
    view! { <div class="compose" node_ref=place data-hydrated="false">{children()}</div> }
}

fn begin(root: &Element, known: Value) -> Option<()> {
    let known = JsonFields::of(&known)?;
    let conversation_id: Option<ConversationId> = known.parsed("conversationId");
    let stream = follow(known.value("snapshot").and_then(Snapshot::read)?);
    let sending = Sending::of(root, conversation_id)?;
    let (button, is_running) = (
        browser::first::<Element>(root, ".row > button")?,
        sending.running.clone(),
    );
    whenever(move || {
        let running = stream
            .transcript
            .with(|held| held.conversation(conversation_id?)?.running_turn_id)
            .is_some();
        is_running.set(running);
        morph(&button, &markup::composer_button(running));
    });
    follow_choice(root, stream, conversation_id);
    sending.listen();
    Some(())
}

/// The model that is chosen in another tab is chosen here too; what is chosen here holds until
/// then.
fn follow_choice(root: &Element, stream: WorkLogStream, conversation_id: Option<ConversationId>) {
    let Some(chooser) = browser::first::<Element>(root, "select") else {
        return;
    };
    let mut known = None;
    whenever(move || {
        let chosen = stream
            .transcript
            .with(|held| held.conversation(conversation_id?)?.model.clone())
            .unwrap_or_default();
        if known.as_ref().is_some_and(|known| *known != chosen) {
            _ = js_sys::Reflect::set(&chooser, &"value".into(), &chosen.as_str().into());
        }
        known = Some(chosen);
    });
}

/// Enter sends; Shift+Enter breaks the line; Enter that ends a composition belongs to the input
/// method.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter"
        && !event.shift_key()
        && !event.is_composing()
        && event.key_code() != COMPOSING
}

/// A composer's form, where its text goes, and whether something is on its way.
#[derive(Clone)]
struct Sending {
    place: Element,
    form: HtmlFormElement,
    text: ComposerText,
    files: ComposerFiles,
    conversation_id: Option<ConversationId>,
    /// Whether a turn runs: it must end before the next message.
    running: Rc<Cell<bool>>,
    on_its_way: Rc<Cell<bool>>,
}

impl Sending {
    fn of(place: &Element, conversation_id: Option<ConversationId>) -> Option<Self> {
        let (form, area) = (
            browser::first(place, "form")?,
            browser::first::<HtmlTextAreaElement>(place, "textarea")?,
        );
        let text = ComposerText::of(area, conversation_id);
        let files = ComposerFiles::of(place)?;
        Some(Self {
            place: place.clone(),
            form,
            text,
            files,
            conversation_id,
            running: Rc::default(),
            on_its_way: Rc::default(),
        })
    }

    fn listen(self) {
        let (form, area) = (self.form.clone(), self.text.area.clone());
        let (typed, entered) = (self.text.clone(), self.clone());
        self.files.listen(&form, &area);
        browser::listen(&area, "input", move |_| typed.changed());
        browser::listen(&area, "keydown", move |event| {
            if event.dyn_ref().is_some_and(sends) {
                event.prevent_default();
                entered.send();
            }
        });
        browser::listen(&form, "submit", move |event: Event| {
            event.prevent_default();
            // The one button is Stop while a turn runs; Enter does not come here.
            if self.running.get() {
                self.stop()
            } else {
                self.send()
            }
        });
    }

    /// Sends text and files. When that fails they come back, with the reason.
    fn send(&self) {
        if self.running.get() {
            return say_trouble(&self.place, Some(STILL_WORKING));
        }
        if self.on_its_way.get() {
            return;
        }
        let Ok(fields) = FormData::new_with_form(&self.form) else {
            return;
        };
        let Some(content) = self.text.take() else {
            return say_trouble(&self.place, self.files.any().then_some(NO_WORDS));
        };
        let files = self.files.take();
        self.on_its_way.set(true);
        say_trouble(&self.place, None);
        let this = self.clone();
        spawn_local(async move {
            match post_files(MESSAGES, &fields).await {
                Ok(sent) => {
                    this.sent(JsonFields::of(&sent).and_then(|sent| sent.parsed("conversationId")))
                }
                Err(error) => {
                    this.text.give_back(&content);
                    this.files.give_back(files);
                    this.say(&error);
                }
            }
            this.on_its_way.set(false);
        });
    }

    fn sent(&self, conversation_id: Option<ConversationId>) {
        self.text.keep_draft();
        // A page with a query shows an older part of the conversation, where the message would not
        // be seen.
        let elsewhere = self.conversation_id != conversation_id
            || window()
                .location()
                .search()
                .is_ok_and(|query| !query.is_empty());
        if let Some(id) = conversation_id.filter(|_| elsewhere) {
            browser::go_to(&format!("/c/{id}"));
        }
    }

    fn stop(&self) {
        let (Some(id), Ok(fields)) = (self.conversation_id, FormData::new()) else {
            return;
        };
        _ = fields.append_with_str("conversation_id", &id.to_string());
        let this = self.clone();
        spawn_local(async move {
            match post(StopTurn::url(), &fields).await {
                Ok(_) => say_trouble(&this.place, None),
                Err(error) => this.say(&error),
            }
        });
    }

    fn say(&self, error: &ApiError) {
        say_trouble(&self.place, Some(&error.to_string()));
    }
}
