//! What went wrong with a form that was posted without JavaScript.

use crate::domain::error::FormFailure;
use leptos::prelude::*;

/// Why the last form of this page was refused, if it was.
pub fn form_error() -> Option<String> {
    use_context::<FormFailure>().map(|FormFailure(error)| error.to_string())
}

/// The sentence about the last form of this page, if it was refused.
#[component]
pub fn FormError() -> impl IntoView {
    form_error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })
}
