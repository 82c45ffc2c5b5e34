//! What stands where a page cannot be shown.

use crate::domain::error::ApiError;
use leptos::prelude::*;
use leptos_meta::Title;

/// Why, and the way back.
#[component]
pub fn Refused(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    view! {
        <Title text="Not shown"/>
        <main class="page" data-width="narrow">
            <h1>"This page cannot be shown"</h1>
            <p class="trouble" role="alert">{error.to_string()}</p>
            <p><a href="/">"Go to the conversations"</a></p>
        </main>
    }
}
