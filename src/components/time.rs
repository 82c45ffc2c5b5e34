//! Times and durations on the page: absolute from the server, in words once the browser has taken over.

use crate::{
    live::clock,
    timestamp::Timestamp,
    work_log::{elapsed_words, relative_words},
};
use leptos::prelude::*;

/// `5 min ago`, exact on hover and for machines. Without JavaScript it shows the date.
#[component]
pub fn RelativeTime(#[prop(into)] at: Signal<Timestamp>) -> impl IntoView {
    let words = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        let now = relative_words(at.get(), clock::each_minute());
        if words.with_untracked(|old| old.as_ref() != Some(&now)) {
            words.set(Some(now));
        }
    });
    view! {
        <time datetime=move || at.get().to_string() title=move || at.get().date_time()>
            {move || words.get().unwrap_or_else(|| at.get().date())}
        </time>
    }
}

/// Seconds since `since`, counting up; `server_now` is the time at which the page was made.
/// Hidden from screen readers, which would read every tick aloud.
#[component]
pub fn Elapsed(since: Timestamp, server_now: Timestamp) -> impl IntoView {
    let now = RwSignal::new(server_now);
    Effect::new(move |_| now.set(clock::each_second()));
    view! { <span class="elapsed" aria-hidden="true">{move || elapsed_words(now.get().since(since))}</span> }
}
