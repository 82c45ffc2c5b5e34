//! An empty conversation: what Holly does, and a few things to ask that show it.

use super::Icon;
use crate::server_fns::SendMessage;
use leptos::{prelude::*, server_fn::ServerFn};

const PROMPTS: [&str; 3] = [
    "Paint a lighthouse at dusk",
    "Compose slow cello music",
    "Make a short film of rain",
];
/// What the demo model can show.
const SHOWS: [&str; 5] = [
    "Show me a fallback",
    "Write a note: buy lamp oil",
    "Let a tool fail",
    "Tell me something long",
    "Let everything fail",
];
const QUESTIONS: [&str; 3] = [
    "Why are there two tides a day?",
    "Plan a week of quick dinners",
    "Explain compound interest simply",
];

/// Shown where nothing has been said yet. Each prompt is a form that begins a conversation.
#[component]
pub fn Welcome(
    /// Whether nobody but the demo model answers.
    demo: bool,
) -> impl IntoView {
    let others: &[&'static str] = if demo { &SHOWS } else { &QUESTIONS };
    view! {
        <section class="welcome">
            <Icon name="leaf"/>
            <h2>"What shall we do?"</h2>
            <p>"Everything the assistant does is written down here as it happens: which model it asks, which tools it runs, and what went wrong."</p>
            <ul class="prompts">
                {PROMPTS
                    .iter()
                    .chain(others)
                    .map(|&prompt| {
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
