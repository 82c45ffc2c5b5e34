//! The glyphs of `public/icons.svg`.

use crate::domain::Status;
use leptos::prelude::*;

/// The symbol `name` of the sprite, in the colour and size of the text. Decoration: a word stands
/// beside it.
#[component]
pub fn Icon(#[prop(into)] name: Signal<&'static str>) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=move || format!("/icons.svg#{}", name.get())></use>
        </svg>
    }
}

/// The glyph of a status.
#[component]
pub fn StatusIcon(#[prop(into)] status: Signal<Status>) -> impl IntoView {
    view! { <Icon name=Signal::derive(move || status.get().as_str())/> }
}
