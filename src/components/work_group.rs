//! A stretch of work: its entries on one rail, what is done folded away, and under them what they made.

use super::{browser, icon::Icon, media_figure::MediaFigure, reader::Reader, work_log_message::WorkLogMessage};
use crate::{
    ids::EntryId,
    work_log::{MediaFile, Segment, WorkLogEntry, fold, summary},
};
use leptos::{either::Either, prelude::*};
use std::sync::Arc;

type Entries = Vec<Arc<WorkLogEntry>>;

/// Consecutive entries. While the turn is `running` they all stand; afterwards what went well folds behind one line,
/// except what the reader has opened or is focused on.
#[component]
pub fn WorkGroup(
    /// The entries, oldest first; at least one.
    #[prop(into)]
    entries: Signal<Entries>,
    /// Whether the turn they belong to is still going on.
    #[prop(into)]
    running: Signal<bool>,
    /// Who reads them.
    reader: Reader,
) -> impl IntoView {
    let focused = RwSignal::new(None::<EntryId>);
    let segments = Memo::new(move |_| {
        let mut held = reader.opened.get_untracked();
        held.extend(focused.get_untracked());
        fold(entries.get(), running.get(), &held)
    });
    Effect::new(move |_| {
        segments.track();
        if let Some(id) = focused.get_untracked() {
            browser::focus(&format!("[id='entry-{id}']:not(:focus-within) > summary"));
        }
    });
    view! {
        <div class="work-group">
            <For each=move || segments.get() key=key let(segment)>
                <Stretch first=key(&segment) segments entries reader focused/>
            </For>
        </div>
        <Made entries/>
    }
}

/// Whether a segment is folded, and its first entry: what it is while entries join it.
fn key(segment: &Segment<Arc<WorkLogEntry>>) -> (bool, Option<EntryId>) {
    match segment {
        Segment::Standing(entries) => (false, entries.first().map(|entry| entry.id)),
        Segment::Folded(entries) => (true, entries.first().map(|entry| entry.id)),
    }
}

#[component]
fn Stretch(
    first: (bool, Option<EntryId>),
    segments: Memo<Vec<Segment<Arc<WorkLogEntry>>>>,
    entries: Signal<Entries>,
    reader: Reader,
    focused: RwSignal<Option<EntryId>>,
) -> impl IntoView {
    let members = Memo::new(move |_| {
        segments.with(|segments| {
            let here = segments.iter().find(|segment| key(segment) == first);
            here.map_or_else(Vec::new, |(Segment::Standing(entries) | Segment::Folded(entries))| entries.clone())
        })
    });
    let rows = view! { <Rows members entries reader focused/> };
    match first.0 {
        false => Either::Left(rows),
        true => Either::Right(view! {
            <details class="work">
                <summary>
                    <Icon name="chevron"/>
                    <span>{move || members.with(|members| summary(members))}</span>
                </summary>
                {rows}
            </details>
        }),
    }
}

#[component]
fn Rows(members: Memo<Entries>, entries: Signal<Entries>, reader: Reader, focused: RwSignal<Option<EntryId>>) -> impl IntoView {
    view! {
        <For each=move || members.get() key=|entry| entry.id let(entry)>
            <Row entry entries reader focused/>
        </For>
    }
}

#[component]
fn Row(entry: Arc<WorkLogEntry>, entries: Signal<Entries>, reader: Reader, focused: RwSignal<Option<EntryId>>) -> impl IntoView {
    let id = entry.id;
    let newest =
        Memo::new(move |_| entries.with(|entries| entries.iter().find(|newer| newer.id == id).cloned()).unwrap_or_else(|| entry.clone()));
    view! {
        <WorkLogMessage
            entry=newest
            reader
            on:focusin=move |_| focused.set(Some(id))
            on:focusout=move |_| focused.set(None)
        />
    }
}

/// The files that the entries made, never folded away.
#[component]
fn Made(entries: Signal<Entries>) -> impl IntoView {
    let files =
        Memo::new(move |_| entries.with(|entries| entries.iter().flat_map(|entry| entry.metadata.files()).collect::<Vec<MediaFile>>()));
    view! {
        <Show when=move || files.with(|files| !files.is_empty())>
            <div class="media-row">
                <For each=move || files.get() key=|file| file.id let(file)>
                    <MediaFigure file/>
                </For>
            </div>
        </Show>
    }
}
