//! `/history`: everything in the work log, day by day, searched and filtered by a plain form.

use super::form_error::FormError;
use crate::{
    components::{Missing, ReceiptNote, ViewState, WorkLogMessage},
    domain::{
        Change, HistoryPageData as Page, HistoryQuery, LogType, Snapshot, Status, WorkLogEntry,
        day_heading,
        error::ApiError,
        ids::{ConversationId, EntryId},
    },
    server_fns::load_history,
};
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use std::{collections::BTreeMap, sync::Arc};

/// Entries of all conversations, newest first.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map().with_untracked(|query| HistoryQuery {
        text: query.get("q").filter(|text| !text.is_empty()),
        log_type: query.get("logType").filter(|word| !word.is_empty()),
        status: query.get("status").filter(|word| !word.is_empty()),
        archive: query.get("archive").is_some(),
        before: query.get("before").filter(|id| !id.is_empty()),
    });
    let deleted = use_query_map().with_untracked(|query| query.get("deleted"));
    Suspend::new(async move {
        let found = load_history(query.clone()).await;
        view! {
            <Title text="Search"/>
            <main class="page" data-width="column">
                <div class="bar"><h1>"Search the work log"</h1> <a href="/">"Back to the conversations"</a></div>
                <ReceiptNote code=deleted/>
                <FormError/>
                <Filters query=query.clone()/>
                {shown(found, &query)}
            </main>
        }
    })
}

fn shown(found: Result<Page, ApiError>, query: &HistoryQuery) -> impl IntoView + use<> {
    match found {
        Ok(page) => Either::Left(view! {
            <Entries snapshot=page.snapshot titles=page.titles goes_on=page.next.is_some()/>
            {page.next.map(|before| view! { <Again query=query.clone() before=Some(before) word="Older"/> })}
            {(page.next.is_none() && query.leaves_archive_out()).then(|| {
                let query = HistoryQuery { archive: true, before: None, ..query.clone() };
                view! { <p class="none">"Only newer entries were searched. Older ones lie in the archive, which takes longer."</p> <Again query before=None word="Search the archive too"/> }
            })}
        }),
        Err(error) => {
            Either::Right(view! { <p class="trouble" role="alert">{error.to_string()}</p> })
        }
    }
}

#[component]
fn Entries(
    snapshot: Snapshot,
    titles: BTreeMap<ConversationId, String>,
    goes_on: bool,
) -> impl IntoView {
    let reader = ViewState::asking(snapshot.now);
    let none = if goes_on {
        "Nothing was found so far. There is more to look through."
    } else {
        "Nothing was found."
    };
    let none = (snapshot.rows.is_empty() && snapshot.gaps.is_empty())
        .then(|| view! { <p class="none">{none}</p> });
    let entries = snapshot.rows.into_iter().filter_map(|row| {
        if let Change::Entry(entry) = row {
            Some(Arc::new(entry))
        } else {
            None
        }
    });
    let stands = |entry: &WorkLogEntry| (entry.timestamp.day(), entry.conversation_id);
    let places: Vec<Vec<Arc<WorkLogEntry>>> = entries.fold(Vec::new(), |mut places, entry| {
        match places.last_mut() {
            Some(here)
                if here
                    .last()
                    .is_some_and(|last| stands(last) == stands(&entry)) =>
            {
                here.push(entry)
            }
            _ => places.push(vec![entry]),
        }
        places
    });
    let mut today = None;
    let shown = |entries: Vec<Arc<WorkLogEntry>>| {
        let first = entries.first()?.clone();
        let day = first.timestamp.day();
        let new_day = today.replace(day) != Some(day);
        Some(view! {
            {new_day.then(|| view! { <h2 class="day">{day_heading(first.timestamp, snapshot.now)}</h2> })}
            {place(&first, &titles)}
            <div class="work-group">{entries.into_iter().map(|entry| view! { <WorkLogMessage entry reader/> }).collect_view()}</div>
        })
    };
    view! {
        {places.into_iter().filter_map(shown).collect_view()}
        <Missing gaps=snapshot.gaps/>
        {none}
    }
}

/// Where entries stand that follow each other, and when the newest of them was made.
fn place(entry: &WorkLogEntry, titles: &BTreeMap<ConversationId, String>) -> impl IntoView + use<> {
    let at = entry.timestamp;
    let conversation = entry
        .conversation_id
        .and_then(|id| Some((id, titles.get(&id)?.clone())));
    let place = conversation.map_or_else(
        || Either::Left("Outside any conversation"),
        |(id, title)| Either::Right(view! { <a href=format!("/c/{id}")>{title}</a> }),
    );
    view! { <p class="lead">{place} ", " <time datetime=at.to_string() title=at.date_time()>{at.time_of_day()}</time></p> }
}

/// The same question once more, from an older entry on or in the archive too, as a form: what was
/// asked goes along.
#[component]
fn Again(query: HistoryQuery, before: Option<EntryId>, word: &'static str) -> impl IntoView {
    view! {
        <form method="get" action="/history">
            <input type="hidden" name="q" value=query.text.unwrap_or_default()/>
            <input type="hidden" name="logType" value=query.log_type.unwrap_or_default()/>
            <input type="hidden" name="status" value=query.status.unwrap_or_default()/>
            {query.archive.then(|| view! { <input type="hidden" name="archive" value="1"/> })}
            {before.map(|before| view! { <input type="hidden" name="before" value=before.to_string()/> })}
            <button class="button">{word}</button>
        </form>
    }
}

#[component]
fn Filters(query: HistoryQuery) -> impl IntoView {
    view! {
        <form class="filters" method="get" action="/history" role="search">
            <label class="field">"Contains" <input type="search" name="q" maxlength="200" value=query.text.unwrap_or_default()/></label>
            <label class="field">"Kind" <Choice name="logType" words=LogType::ALL.iter().map(|kind| (kind.as_str(), plural(*kind))).collect() chosen=query.log_type/></label>
            <label class="field">"Status" <Choice name="status" words=Status::ALL.iter().map(|status| (status.as_str(), status.word())).collect() chosen=query.status/></label>
            <label class="check"><input type="checkbox" name="archive" value="1" checked=query.archive/> " Look for the text in the archive too"</label>
            <button class="button" data-kind="main">"Search"</button>
        </form>
    }
}

const fn plural(kind: LogType) -> &'static str {
    match kind {
        LogType::AiResponse => "Answers",
        LogType::ToolCall => "Tools",
        LogType::FileOperation => "Files",
        LogType::Deployment => "Deployments",
        LogType::Error => "Errors",
        LogType::Info => "Notes",
    }
}

/// One of several words of the HTTP API, each with what people read.
#[component]
fn Choice(
    name: &'static str,
    words: Vec<(&'static str, &'static str)>,
    chosen: Option<String>,
) -> impl IntoView {
    let option = move |(word, read): (&'static str, &'static str)| {
        let selected = chosen.as_deref() == Some(word);
        view! { <option value=word selected=selected>{read}</option> }
    };
    view! {
        <select name=name>
            <option value="">"any"</option>
            {words.into_iter().map(option).collect_view()}
        </select>
    }
}
