//! What all islands have in common: they are given the HTML that the server rendered as children,
//! find in it what they need to know as JSON, and bring it to life. No views are built in the
//! browser, which keeps its program small.

use super::browser;
use crate::domain::json;
use leptos::{html::ElementType, prelude::*};
use serde_json::Value;
use web_sys::Element;

/// What an island needs to know, as a data block that browsers do not run.
#[component]
pub(super) fn Known(what: Value) -> impl IntoView {
    // In a script only this could end it, and JSON may say it otherwise.
    let json = what.to_string().replace('<', "\\u003c");
    view! { <script type="application/json" class="known" inner_html=json></script> }
}

/// Calls `begin` once the root of an island is there, with what is [`Known`], and says by
/// `data-hydrated` that it lives.
pub(super) fn bring_to_life<E>(place: NodeRef<E>, begin: fn(&Element, Value) -> Option<()>)
where
    E: ElementType,
    E::Output: wasm_bindgen::JsCast + Into<Element> + Clone + 'static,
{
    whenever(move || {
        let Some(root) = place.get().map(Into::<Element>::into) else {
            return;
        };
        let known = browser::first::<Element>(&root, "script.known")
            .and_then(|known| json::parse(&known.text_content()?));
        if begin(&root, known.unwrap_or_default()).is_some() {
            _ = root.set_attribute("data-hydrated", "true");
        }
    });
}

/// Runs `update` now and whenever a signal that it reads has changed.
pub(super) fn whenever(update: impl FnMut() + 'static) {
    // One effect for all, whatever it does: each kind of its own would weigh two kilobytes.
    let mut update: Box<dyn FnMut()> = Box::new(update);
    Effect::new(move |_| update());
}
