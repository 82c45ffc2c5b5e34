//! The foot of the composer: who answers, and the one button.

use super::Icon;
use crate::api::StopTurn;
use leptos::{ev::MouseEvent, prelude::*, server_fn::ServerFn};

/// Models, a hint, and the one button: Send, or Stop while a turn runs.
#[component]
pub fn ComposerFoot(
    /// The models that answer, as a person reads them.
    models: String,
    /// What attaches files; nothing where files cannot be attached.
    attach: AnyView,
    /// Whether a turn runs.
    #[prop(into)]
    running: Signal<bool>,
    /// Stops the turn.
    on_stop: Callback<()>,
) -> impl IntoView {
    let stop = move |event: MouseEvent| {
        event.prevent_default();
        on_stop.run(());
    };
    view! {
        <div class="row">
            {attach}
            <span class="chip" title="The models that answer, tried in this order">{models}</span>
            <span class="hint">"Enter sends, Shift+Enter breaks the line"</span>
            <Show
                when=move || running.get()
                fallback=|| view! { <button class="button" data-kind="main"><Icon name="send"/>"Send"</button> }
            >
                <button class="button" data-kind="main" formaction=StopTurn::url() formenctype="application/x-www-form-urlencoded" formnovalidate=true on:click=stop>
                    <Icon name="stop"/>
                    "Stop"
                </button>
            </Show>
        </div>
    }
}
