//! Why something did not work, said where it was tried.

use leptos::prelude::*;

/// A sentence that is read aloud when it appears; nothing while `text` is empty.
#[component]
pub fn Trouble(
    /// What went wrong.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <p class="trouble" role="alert" hidden=move || text.with(String::is_empty)>
            {move || text.get()}
        </p>
    }
}
