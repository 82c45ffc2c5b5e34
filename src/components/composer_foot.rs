//! The foot of the composer: who answers, and the one button.

use super::Icon;
use crate::api::{ModelChoice, StopTurn};
use leptos::{ev::MouseEvent, html::Select, prelude::*, server_fn::ServerFn};

/// Models, a hint, and the one button: Send, or Stop while a turn runs.
#[component]
pub fn ComposerFoot(
    /// The models that answer, in the order in which they are asked.
    models: Vec<ModelChoice>,
    /// The one that was chosen to be asked first.
    #[prop(into)]
    chosen: Signal<Option<String>>,
    /// The field in which it is chosen.
    chooser: NodeRef<Select>,
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
            <ModelChooser models chosen chooser/>
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

/// Who is asked first; it holds from the next message on. A chain of one model leaves nothing to choose.
#[component]
fn ModelChooser(models: Vec<ModelChoice>, chosen: Signal<Option<String>>, chooser: NodeRef<Select>) -> impl IntoView {
    let usual = models.iter().map(|model| model.title.clone()).collect::<Vec<_>>().join(" → ");
    if models.len() < 2 {
        return view! { <span class="chip" title="The model that answers">{usual}</span> }.into_any();
    }
    let option = move |model: ModelChoice| {
        let key = model.key.clone();
        view! { <option value=model.key selected=move || chosen.get().as_deref() == Some(key.as_str())>{model.title}</option> }
    };
    view! {
        <select class="chip" name="model" aria-label="Model that answers first" node_ref=chooser>
            <option value="" selected=move || chosen.get().is_none()>{usual}</option>
            {models.into_iter().map(option).collect_view()}
        </select>
    }
    .into_any()
}
