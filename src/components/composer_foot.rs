//! The foot of the composer: who answers, and the one button.

use super::markup;
use leptos::{prelude::*, tachys::html::InertElement};

/// Models, a hint, and the one button: Send, or Stop while a turn runs.
#[component]
pub fn ComposerFoot(
    /// The models that answer, as a person reads them.
    models: String,
    /// Whether a turn runs.
    running: bool,
) -> impl IntoView {
    view! {
        <div class="row">
            <span class="chip" title="The models that answer, tried in this order">{models}</span>
            <span class="hint">"Enter sends, Shift+Enter breaks the line"</span>
            {InertElement::new(markup::composer_button(running))}
        </div>
    }
}
