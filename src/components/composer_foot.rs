//! The foot of the composer: who answers, and the one button.

use super::{Icon, markup};
use crate::domain::ModelChoice;
use leptos::{either::Either, prelude::*, tachys::html::InertElement};

/// Models, a hint, and the one button: Send, or Stop while a turn runs.
#[component]
pub fn ComposerFoot(
    /// The models that answer, in the order in which they are asked.
    models: Vec<ModelChoice>,
    /// The one that was chosen to be asked first.
    chosen: Option<String>,
    /// Whether a turn runs.
    running: bool,
) -> impl IntoView {
    view! {
        <div class="row">
            <AttachButton/>
            <ModelChooser models chosen/>
            <span class="hint scripted">"Enter sends, Shift+Enter breaks the line"</span>
            {InertElement::new(markup::composer_button(running))}
        </div>
    }
}

/// What opens the file chooser. The input holds what was chosen, so that it goes with the form
/// without JavaScript, too.
#[component]
fn AttachButton() -> impl IntoView {
    view! {
        <label class="attach" title="A picture (PNG, JPEG, GIF, WebP) or a text file">
            <input
                type="file"
                class="unseen"
                name="attachment"
                multiple
                accept="image/png,image/jpeg,image/gif,image/webp,text/*,.md,.csv,.json,.toml,.yaml,.yml,.log,.rs,.py,.js,.ts"
                aria-label="Attach files"
            />
            <Icon name="clip"/>
            <span aria-hidden="true">"Attach"</span>
        </label>
    }
}

/// Who is asked first; it holds from the next message on. A chain of one model leaves nothing to
/// choose.
#[component]
fn ModelChooser(models: Vec<ModelChoice>, chosen: Option<String>) -> impl IntoView {
    let usual = models
        .iter()
        .map(|model| model.title.clone())
        .collect::<Vec<_>>()
        .join(" → ");
    if models.len() < 2 {
        return Either::Left(
            view! { <span class="chip" title="The model that answers">{usual}</span> },
        );
    }
    let first_of_chain = chosen.is_none();
    let option = move |model: ModelChoice| {
        let selected = chosen.as_ref() == Some(&model.key);
        view! { <option value=model.key selected=selected>{model.title}</option> }
    };
    Either::Right(view! {
        <select class="chip" name="model" aria-label="Model that answers first">
            <option value="" selected=first_of_chain>{usual}</option>
            {models.into_iter().map(option).collect_view()}
        </select>
    })
}
