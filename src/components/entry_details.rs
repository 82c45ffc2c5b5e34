//! What one sees when an entry is opened: its facts, its long text, and what can be done with it.

use super::{entry_foot::EntryFoot, visible_text::visible_text};
use crate::work_log::{Status, WorkLogEntry};
use leptos::prelude::*;
use std::sync::Arc;

/// Longest text that is shown whole at once, in lines of about 80 characters.
const SHORT_LINES: usize = 7;

/// The card under an entry's line.
#[component]
pub(super) fn EntryDetails(entry: Signal<Arc<WorkLogEntry>>) -> impl IntoView {
    let facts = Memo::new(move |_| entry.with(|entry| facts(entry)));
    let details = Memo::new(move |_| entry.with(|entry| entry.details.as_deref().map(|text| visible_text(text.trim_end()).into_owned())));
    view! {
        <div class="more">
            <dl>
                {move || facts.get().into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_view()}
                <Times entry/>
            </dl>
            {move || details.get().filter(|text| !text.is_empty()).map(|text| view! { <LongText text/> })}
            <EntryFoot entry/>
        </div>
    }
}

fn facts(entry: &WorkLogEntry) -> Vec<(String, String)> {
    entry.metadata.facts().into_iter().map(|(name, value)| (name, visible_text(&value).into_owned())).collect()
}

#[component]
fn Times(entry: Signal<Arc<WorkLogEntry>>) -> impl IntoView {
    let began = entry.with_untracked(|entry| entry.timestamp);
    let ended =
        Memo::new(move |_| entry.with(|entry| (entry.status != Status::Working && entry.updated_at > began).then_some(entry.updated_at)));
    let row = |name, at: crate::timestamp::Timestamp| {
        view! { <dt>{name}</dt><dd><time datetime=at.to_string()>{at.date_time()}</time></dd> }
    };
    view! {
        {row("began", began)}
        {move || ended.get().map(|at| row("last change", at))}
    }
}

/// Text in a well; long text is clamped until "Show all", which is a checkbox so that it needs no JavaScript.
#[component]
fn LongText(text: String) -> impl IntoView {
    let lines: usize = text.lines().map(|line| 1 + line.chars().count() / 80).sum();
    let clamped = lines > SHORT_LINES;
    let switch = clamped.then(|| {
        view! {
            <label>
                <input type="checkbox" class="show-all unseen"/>
                <span class="all">"Show all"</span>
                <span class="less">"Show less"</span>
            </label>
        }
    });
    view! {
        <div class="long" data-clamped=clamped>
            <pre tabindex="0">{text}</pre>
            {switch}
        </div>
    }
}
