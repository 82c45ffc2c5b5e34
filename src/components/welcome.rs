//! An empty conversation: what Holly does, and a few things to ask that show it.

use super::Icon;
use crate::api::SendMessage;
use leptos::{prelude::*, server_fn::ServerFn};

const PROMPTS: [&str; 6] = [
    "Paint a lighthouse at dusk",
    "Compose slow cello music",
    "Make a short film of rain",
    "Show me a fallback",
    "Let a tool fail",
    "Let everything fail",
];

/// Shown where nothing has been said yet. Each prompt is a form that begins a conversation.
#[component]
pub fn Welcome() -> impl IntoView {
    view! {
        <section class="welcome">
            <Icon name="leaf"/>
            <h2>"What shall we do?"</h2>
            <p>"Everything the assistant does is written down here as it happens: which model it asks, which tools it runs, and what went wrong."</p>
            <ul class="prompts">
                {PROMPTS
                    .map(|prompt| {
                        view! {
                            <li>
                                <form method="post" action=SendMessage::url()>
                                    <input type="hidden" name="content" value=prompt/>
                                    <button class="button">{prompt}</button>
                                </form>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </section>
    }
}
