//! Forms that are sent without leaving the page. Without a script they are ordinary forms; what
//! they change comes back over the feed.

use super::browser;
use crate::{domain::delete_outcome::DeleteOutcome, server_fns::post};
use leptos::{
    prelude::{document, window},
    task::spawn_local,
    wasm_bindgen::JsCast,
};
use std::cell::Cell;
use web_sys::{Element, Event, FormData, HtmlFormElement, HtmlInputElement, SubmitEvent};

thread_local! {
    static LISTENING: Cell<bool> = const { Cell::new(false) };
    static SENDING: Cell<u32> = const { Cell::new(0) };
}

/// Sends every form with `data-live` on this page. Any island may ask for it; it happens once.
pub(super) fn send_live_forms() {
    if !LISTENING.replace(true) {
        browser::listen(&document(), "submit", |event| _ = send(&event));
    }
}

/// Whether the answer to a form is still awaited, or has already led away.
pub(super) fn is_sending() -> bool {
    SENDING.get() > 0
}

fn send(event: &Event) -> Option<()> {
    let form: HtmlFormElement = browser::happened_in(event, "form[data-live]")?
        .dyn_into()
        .ok()?;
    event.prevent_default();
    let (action, fields) = (
        form.get_attribute("action")?,
        FormData::new_with_form(&form).ok()?,
    );
    // Which of several buttons it was says what is meant.
    let pressed = event
        .dyn_ref::<SubmitEvent>()
        .and_then(SubmitEvent::submitter);
    if let Some((name, value)) = pressed.and_then(|button| {
        Some((
            button.get_attribute("name")?,
            button.get_attribute("value")?,
        ))
    }) {
        fields.append_with_str(&name, &value).ok()?;
    }
    let buttons = browser::all(&form, "button:not([type])");
    buttons
        .iter()
        .for_each(|button| _ = button.set_attribute("disabled", ""));
    SENDING.set(SENDING.get() + 1);
    spawn_local(async move {
        let answer = post(&action, &fields).await;
        buttons
            .iter()
            .for_each(|button| _ = button.remove_attribute("disabled"));
        let leaving = answer
            .as_ref()
            .ok()
            .and_then(DeleteOutcome::read)
            .is_some_and(|said| hear(&said, &form));
        if !leaving {
            SENDING.set(SENDING.get() - 1);
        }
        if answer.is_ok() {
            browser::close_popover_around(&form);
            // A form that goes when it is answered says where the reader goes on.
            form.get_attribute("data-next")
                .iter()
                .for_each(|next| browser::focus(next));
        }
        say_trouble(
            &form,
            answer.err().map(|error| error.to_string()).as_deref(),
        );
    });
    Some(())
}

/// Tells the reader what was done, here or on the page where they go on because what was open is
/// gone. Returns whether they go.
fn hear(said: &DeleteOutcome, form: &Element) -> bool {
    let open = window().location().pathname().unwrap_or_default();
    let named = browser::first::<HtmlInputElement>(form, "[name=conversation_id]")
        .map(|field| field.value());
    let goes = said
        .go
        .as_deref()
        .filter(|_| named.is_some_and(|id| open.ends_with(&id)));
    goes.iter().for_each(|path| browser::go_to(path));
    if let Some(place) = browser::element("receipt").filter(|_| goes.is_none()) {
        place.set_text_content(Some(&said.words));
        browser::show(&place, true);
    }
    goes.is_some()
}

/// Says what went wrong in the place that is there for it; nothing when nothing did.
pub(super) fn say_trouble(form: &Element, why: Option<&str>) {
    if let Some(place) = browser::first::<Element>(form, ".trouble") {
        place.set_text_content(why);
        browser::show(&place, why.is_some());
    }
}
