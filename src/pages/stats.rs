//! `/stats`: everybody's figures, for admins. Rendered on the server and fresh every half minute: a
//! script of a few lines fetches the page and puts in what has changed; without scripts the page
//! loads itself anew.

use super::{form_error::FormError, refused::Refused};
use crate::{
    components::{BarChart, Icon},
    domain::{StatCard, StatsAlert, StatsPageData as Page, StatsTable, Status, time::Timestamp},
    server_fns::{RunRetention, load_stats},
};
use leptos::{either::Either, nonce::use_nonce, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

const RANGES: [(i64, &str); 4] = [(1, "24 h"), (7, "7 days"), (30, "30 days"), (90, "90 days")];

/// The figures of a range of days.
#[component]
pub fn StatsPage() -> impl IntoView {
    let (days, plan) = use_query_map().with_untracked(|query| {
        let days = query
            .get("days")
            .and_then(|days| days.parse().ok())
            .unwrap_or(30);
        (days, query.get("plan").is_some())
    });
    Suspend::new(async move {
        match load_stats(days, plan).await {
            Ok(page) => Either::Left(view! {
                <Title text="Stats"/>
                <main class="page">
                    <Head days=page.days holds=page.holds now=page.now/>
                    <Needs needs=page.needs.clone() waiting=page.waiting/>
                    <Figures figures=page.figures.clone()/>
                    <Panels page/>
                </main>
                {(!plan).then(|| view! { <Fresh/> })}
            }),
            Err(error) => Either::Right(view! { <Refused error/> }),
        }
    })
}

/// Keeps the page fresh. What a run would do is only told once.
#[component]
fn Fresh() -> impl IntoView {
    view! {
        <script type="module" nonce=use_nonce() inner_html=include_str!("stats.js")></script>
        <noscript><meta http-equiv="refresh" content="30"/></noscript>
    }
}

#[component]
fn Head(days: i64, holds: i64, now: Timestamp) -> impl IntoView {
    let range = move |(range, word): (i64, &'static str)| {
        let current = (range == days).then_some("true");
        view! { <a href=format!("/stats?days={range}") aria-current=current>{word}</a> }
    };
    view! {
        <div class="bar">
            <h1>"Stats " <small>"as of " <time datetime=now.to_string()>{now.date_time()}</time></small></h1>
            <nav class="choice" aria-label="Range">{RANGES.map(range).collect_view()}</nav>
            <a href="/holds">{if holds > 0 { format!("Holds ({holds})") } else { "Holds".to_owned() }}</a>
            <a href="/">"Back to the conversations"</a>
        </div>
    }
}

/// What needs a person. It is there when nothing does, too, so that the page's parts are always as
/// many.
#[component]
fn Needs(needs: Vec<StatsAlert>, waiting: bool) -> impl IntoView {
    let confirm = waiting.then(|| {
        view! {
            <form method="post" action=RunRetention::url()>
                <input type="hidden" name="confirm_clock" value="true"/>
                <button class="button">"The clock is right: delete"</button>
            </form>
        }
    });
    let note = |StatsAlert { text, command }: StatsAlert| {
        let command = command.map(|command| view! { " " <code>{command}</code> });
        view! { <div class="note"><Icon name="warning"/> <span>{text} {command}</span></div> }
    };
    view! { <div class="needs" role="status"><FormError/> {needs.into_iter().map(note).collect_view()} {confirm}</div> }
}

#[component]
fn Figures(figures: Vec<StatCard>) -> impl IntoView {
    let figure = |figure: StatCard| view! { <div><dt>{figure.name}</dt><dd>{figure.value} <small>{figure.note}</small></dd></div> };
    view! { <dl class="figures">{figures.into_iter().map(figure).collect_view()}</dl> }
}

#[component]
fn Panels(page: Page) -> impl IntoView {
    let days = page.days;
    let (entries, kinds, tokens) = match days {
        1 => (
            "Entries by hour",
            "Entries by hour and kind",
            "Tokens by hour",
        ),
        _ => ("Entries by day", "Entries by day and kind", "Tokens by day"),
    };
    let legend = vec![
        ("answers", "Answers"),
        ("tools", "Tools"),
        ("files", "Files"),
        ("other", "Other"),
        ("fallbacks", "Fallbacks"),
        ("errors", "Errors"),
    ];
    view! {
        <div class="two">
            <section class="panel">
                <PanelHead title=entries name="days" days/>
                <BarChart title=kinds bars=page.by_day.0 legend/>
                <Behind table=page.by_day.1/>
            </section>
            <section class="panel">
                <PanelHead title="Storage" name="storage" days/>
                <Tiers parts=page.storage.0/>
                <Table table=worded(page.storage.1)/>
            </section>
        </div>
        <div class="two">
            <section class="panel"><PanelHead title="Models" name="models" days/><Table table=page.models/></section>
            <section class="panel"><PanelHead title="Tools" name="tools" days/><Table table=page.tools/></section>
        </div>
        <div class="two">
            <section class="panel">
                <PanelHead title=tokens name="tokens" days/>
                <BarChart title=tokens bars=page.tokens.0 legend=vec![("answers", "Read"), ("tools", "Written")]/>
                <Behind table=page.tokens.1/>
            </section>
            <section class="panel"><PanelHead title="Statuses" name="statuses" days/><Table table=worded(page.statuses)/></section>
        </div>
        <section class="panel" id="retention">
            <PanelHead title="Retention" name="runs" days/>
            <Runs days plan=page.plan/>
            <Table table=page.runs/>
        </section>
    }
}

#[component]
fn PanelHead(title: &'static str, name: &'static str, days: i64) -> impl IntoView {
    let csv = format!("/api/work-log/stats?days={days}&format=csv&table={name}");
    view! { <h2>{title} <a href=csv download=format!("holly-{name}.csv")>"CSV"</a></h2> }
}

/// The table with the words of the chat for those of the HTTP API at the beginning of its rows.
fn worded(mut table: StatsTable) -> StatsTable {
    for cell in table.rows.iter_mut().filter_map(|row| row.first_mut()) {
        if let Ok(status) = cell.parse::<Status>() {
            *cell = status.word().to_owned();
        } else if let Some(first) = cell.get_mut(..1) {
            first.make_ascii_uppercase();
        }
    }
    table
}

/// The table behind a chart, one click away.
#[component]
fn Behind(table: StatsTable) -> impl IntoView {
    view! { <details><summary>"Table"</summary><Table table/></details> }
}

#[component]
fn Table(table: StatsTable) -> impl IntoView {
    if table.rows.is_empty() {
        return Either::Left(view! { <p class="none">"Nothing yet."</p> });
    }
    let row = |row: Vec<String>| view! { <tr>{row.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr> };
    Either::Right(view! {
        <div class="table numbers" tabindex="0" role="group" aria-label="Table">
            <table>
                <thead><tr>{table.head.into_iter().map(|cell| view! { <th scope="col">{cell}</th> }).collect_view()}</tr></thead>
                <tbody>{table.rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    })
}

#[component]
fn Tiers(parts: Vec<(String, i64)>) -> impl IntoView {
    let all = parts.iter().map(|(_, bytes)| *bytes).sum::<i64>().max(1) as f64;
    let mut x = 0.0;
    let mut drawn = Vec::new();
    for (series, bytes) in parts.into_iter().filter(|(_, bytes)| *bytes > 0) {
        let width = bytes as f64 / all * 632.0;
        // a little ground shows between two tiers
        drawn.push(view! { <rect data-series=series x=x y="0" width=(width - 1.5).max(width / 2.0) height="24"></rect> });
        x += width;
    }
    view! { <svg class="tiers" viewBox="0 0 632 24" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg> }
}

#[component]
fn Runs(days: i64, plan: Option<Vec<String>>) -> impl IntoView {
    let none = plan.as_ref().is_some_and(Vec::is_empty);
    view! {
        <div class="filters">
            <form method="get" action="/stats">
                <input type="hidden" name="days" value=days.to_string()/>
                <input type="hidden" name="plan" value="1"/>
                <button class="button">"What would a run do?"</button>
            </form>
            <form method="post" action=RunRetention::url()>
                <input type="hidden" name="days" value=days.to_string()/>
                <button class="button">"Run now"</button>
            </form>
        </div>
        {plan.map(|steps| view! {
            <ol class="plan">{steps.into_iter().map(|step| view! { <li>{step}</li> }).collect_view()}</ol>
        })}
        {none.then(|| view! { <p class="none">"A run would do nothing: everything is where it belongs."</p> })}
    }
}
