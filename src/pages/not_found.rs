//! What stands where nothing is.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

/// There is no such page, or it is somebody else's.
#[component]
pub fn NotFound() -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Not found"/>
        <main class="page" data-width="narrow">
            <h1>"There is nothing here"</h1>
            <p>"The address is wrong, or what it named was deleted."</p>
            <p><a href="/">"Go to the conversations"</a></p>
        </main>
    }
}
