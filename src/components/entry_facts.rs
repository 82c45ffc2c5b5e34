//! The end of an entry's line: its status in a word, and its figures.

use super::{time::Elapsed, visible_text::visible_line};
use crate::{
    timestamp::Timestamp,
    work_log::{Status, StorageStatus, WorkLogEntry, duration_words},
};
use leptos::{either::Either, prelude::*};
use std::sync::Arc;

/// Status word, tokens, progress and duration. The word is always there, and in sight where the entry is not plainly done.
#[component]
pub(super) fn EntryFacts(entry: Signal<Arc<WorkLogEntry>>, server_now: Timestamp) -> impl IntoView {
    let word = Memo::new(move |_| entry.with(|entry| (entry.word(), entry.status.stands_out())));
    let extras = Memo::new(move |_| entry.with(|entry| extras(entry)));
    view! {
        <span class="facts">
            <span class=move || if word.get().1 { "word" } else { "unseen" }>{move || word.get().0}</span>
            {move || extras.get().into_iter().map(|fact| view! { <span class="extra">{fact}</span> }).collect_view()}
            <Duration entry server_now/>
        </span>
    }
}

#[component]
fn Duration(entry: Signal<Arc<WorkLogEntry>>, server_now: Timestamp) -> impl IntoView {
    let working = Memo::new(move |_| entry.with(|entry| (entry.status == Status::Working).then_some(entry.timestamp)));
    let measured = Memo::new(move |_| entry.with(|entry| entry.duration_ms));
    move || match working.get() {
        Some(since) => Either::Left(view! { <Elapsed since server_now/> }),
        None => Either::Right(measured.get().map(|ms| view! { <span>{duration_words(ms)}</span> })),
    }
}

fn extras(entry: &WorkLogEntry) -> Vec<String> {
    let progress = entry.metadata.number("progress").filter(|_| entry.status == Status::Working);
    let archived = matches!(entry.storage_status, StorageStatus::Cold | StorageStatus::Archived);
    let step = entry.metadata.text("step").filter(|_| entry.status == Status::Working);
    [
        archived.then(|| "from the archive".to_owned()),
        masked(entry),
        tokens(entry),
        step.map(|step| visible_line(step).into_owned()),
        progress.map(|percent| format!("{} %", percent.clamp(0, 100))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tokens(entry: &WorkLogEntry) -> Option<String> {
    let (read, written) = (entry.metadata.number("inputTokens"), entry.metadata.number("outputTokens"));
    token_words(read, written, entry.metadata.flag("tokensEstimated"))
}

/// Secrets that were taken out: `2 values masked`.
fn masked(entry: &WorkLogEntry) -> Option<String> {
    let count = entry.metadata.number("maskedValues").filter(|count| *count > 0)?;
    Some(format!("{count} value{} masked", if count == 1 { "" } else { "s" }))
}

/// Tokens read and written: `812 → 164 tokens`, `about` so many where they were estimated; `None` when neither is known.
pub(super) fn token_words(read: Option<i64>, written: Option<i64>, estimated: bool) -> Option<String> {
    let about = if estimated { "about " } else { "" };
    match (read, written) {
        (Some(read), Some(written)) => Some(format!("{about}{read} → {written} tokens")),
        (Some(one), None) | (None, Some(one)) => Some(format!("{about}{one} tokens")),
        (None, None) => None,
    }
}
