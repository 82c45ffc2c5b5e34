//! `/history`: everything in the work log, searched and filtered by a plain form.

use crate::{
    api::{ApiError, HistoryPage as Page, HistoryQuery, load_history},
    components::FeedRows,
    work_log::{LogType, Status},
};
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Entries of all conversations, newest first.
#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map().with_untracked(|query| HistoryQuery {
        text: query.get("q").filter(|text| !text.is_empty()),
        log_type: query.get("logType").filter(|word| !word.is_empty()),
        status: query.get("status").filter(|word| !word.is_empty()),
        before: query.get("before"),
    });
    Suspend::new(async move {
        let found = load_history(query.clone()).await;
        view! {
            <Title text="History"/>
            <main class="page" data-width="column">
                <div class="bar"><h1>"History"</h1> <a href="/">"Back to the conversations"</a></div>
                <Filters query=query.clone()/>
                {shown(found, &query)}
            </main>
        }
    })
}

fn shown(found: Result<Page, ApiError>, query: &HistoryQuery) -> impl IntoView + use<> {
    match found {
        Ok(page) => {
            let older = page.next.map(|before| format!("/history?{}", HistoryQuery { before: Some(before), ..query.clone() }.to_query_string()));
            Either::Left(view! {
                <FeedRows snapshot=page.snapshot/>
                {older.map(|older| view! { <a class="older" href=older>"Older"</a> })}
            })
        }
        Err(error) => Either::Right(view! { <p class="trouble" role="alert">{error.to_string()}</p> }),
    }
}

#[component]
fn Filters(query: HistoryQuery) -> impl IntoView {
    view! {
        <form class="filters" method="get" action="/history" role="search">
            <label class="field">"Contains" <input type="search" name="q" maxlength="200" value=query.text.unwrap_or_default()/></label>
            <label class="field">"Kind" <Choice name="logType" words=LogType::ALL.iter().map(|kind| kind.as_str()).collect() chosen=query.log_type/></label>
            <label class="field">"Status" <Choice name="status" words=Status::ALL.iter().map(|status| status.as_str()).collect() chosen=query.status/></label>
            <button class="button" data-kind="main">"Search"</button>
        </form>
    }
}

#[component]
fn Choice(name: &'static str, words: Vec<&'static str>, chosen: Option<String>) -> impl IntoView {
    let option = move |word: &'static str| {
        let selected = chosen.as_deref() == Some(word);
        view! { <option value=word selected=selected>{word.replace('_', " ")}</option> }
    };
    view! {
        <select name=name>
            <option value="">"any"</option>
            {words.into_iter().map(option).collect_view()}
        </select>
    }
}
