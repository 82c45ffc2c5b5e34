//! The list of a conversation: days, what was said and what was done, in the order in which it happened.

use super::{ChatMessage, DayDivider, Reader, WorkGroup};
use crate::{
    chat::{Item, Message},
    ids::{EntryId, MessageId, TurnId},
    live::Answers,
    timestamp::{DAY_MS, Timestamp},
};
use leptos::prelude::*;
use std::sync::Arc;

/// What the list shows.
#[derive(Clone, Copy)]
pub struct TimelineSource {
    /// Messages and stretches of work, oldest first.
    pub items: Signal<Vec<Item>>,
    /// Texts of answers that are being written, ahead of what is stored.
    pub answers: Signal<Answers>,
    /// The turn that is running.
    pub running: Signal<Option<TurnId>>,
}

/// A row by what it is, so that it changes in place while its content does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Row {
    Day(i64),
    Message(MessageId),
    /// A stretch of work by its first entry.
    Work(EntryId),
}

/// The list. Rows are keyed by what they are: a row that changes keeps its place, its focus and its openness.
#[component]
pub fn Timeline(
    /// What it shows.
    source: TimelineSource,
    /// Who reads it.
    reader: Reader,
) -> impl IntoView {
    let rows = Memo::new(move |_| source.items.with(|items| rows(items)));
    view! {
        <For each=move || rows.get() key=|row| *row let(row)>
            {match row {
                Row::Day(day) => view! { <DayDivider at=Timestamp::from_millis(day * DAY_MS) now=reader.server_now/> }.into_any(),
                Row::Message(id) => view! { <Said id source/> }.into_any(),
                Row::Work(first) => view! { <Done first source reader/> }.into_any(),
            }}
        </For>
    }
}

fn rows(items: &[Item]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(items.len() + 1);
    let mut today = None;
    for item in items {
        let (at, row) = match item {
            Item::Message(message) => (message.created_at, Row::Message(message.id)),
            Item::Work(entries) => match entries.first() {
                Some(first) => (first.timestamp, Row::Work(first.id)),
                None => continue,
            },
        };
        if today.replace(at.day()) != Some(at.day()) {
            rows.push(Row::Day(at.day()));
        }
        rows.push(row);
    }
    rows
}

#[component]
fn Said(id: MessageId, source: TimelineSource) -> impl IntoView {
    let found = move |items: &Vec<Item>| items.iter().rev().find_map(|item| said(item, id));
    let message = Memo::new(move |before: Option<&Option<Arc<Message>>>| source.items.with(found).or_else(|| before.cloned().flatten()));
    let last = Memo::new(move |_| source.items.with(|items| items.last().is_some_and(|item| said(item, id).is_some())));
    let live_text = Signal::derive(move || source.answers.with(|texts| texts.get(&id).cloned()));
    let can_retry = Signal::derive(move || last.get() && source.running.get().is_none());
    message.get_untracked().map(|first| {
        let message = Signal::derive(move || message.get().unwrap_or_else(|| first.clone()));
        view! { <ChatMessage message live_text can_retry/> }
    })
}

fn said(item: &Item, id: MessageId) -> Option<Arc<Message>> {
    match item {
        Item::Message(message) if message.id == id => Some(message.clone()),
        _ => None,
    }
}

#[component]
fn Done(first: EntryId, source: TimelineSource, reader: Reader) -> impl IntoView {
    let entries = Memo::new(move |_| {
        source.items.with(|items| {
            let group = items.iter().rev().find_map(|item| match item {
                Item::Work(entries) if entries.first().is_some_and(|entry| entry.id == first) => Some(entries.clone()),
                _ => None,
            });
            group.unwrap_or_default()
        })
    });
    let running = Memo::new(move |_| {
        let turn = source.running.get();
        turn.is_some() && entries.with(|entries| entries.first().is_some_and(|entry| entry.turn_id == turn))
    });
    view! { <WorkGroup entries running reader/> }
}
