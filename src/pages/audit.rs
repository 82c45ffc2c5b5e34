//! `/settings/audit`, for admins: who did what. People by id.

use super::refused::Refused;
use crate::{
    domain::{AuditEvent, AuditPageData, ids::UserId},
    server_fns::load_audit,
};
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The audit log, newest first.
#[component]
pub fn AuditPage() -> impl IntoView {
    let before = use_query_map().with_untracked(|query| query.get("before"));
    let before = before.and_then(|id| id.parse().ok());
    Suspend::new(async move {
        match load_audit(before).await {
            Ok(page) => Either::Left(view! {
                <Title text="Audit log"/>
                <main class="page">
                    <div class="bar">
                        <h1>"Audit log"</h1>
                        <a href="/settings/people">"People"</a>
                    </div>
                    <p class="lead">
                        "Who did what in the last 90 days. People are named by their id, which \
                         erasing them removes from here."
                    </p>
                    <section class="panel"><Events page/></section>
                </main>
            }),
            Err(error) => Either::Right(view! { <Refused error/> }),
        }
    })
}

#[component]
fn Events(page: AuditPageData) -> impl IntoView {
    if page.events.is_empty() {
        return Either::Left(view! { <p class="none">"Nothing."</p> });
    }
    let next = page.next.map(|before| {
        view! {
            <form class="filters" method="get" action="/settings/audit">
                <input type="hidden" name="before" value=before.to_string()/>
                <button class="button">"Earlier"</button>
            </form>
        }
    });
    Either::Right(view! {
        <div class="table" data-cards="" tabindex="0" role="group" aria-label="Audit log">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col" data-text="">"What"</th>
                        <th scope="col" data-text="">"By"</th>
                        <th scope="col" data-text="">"About"</th>
                        <th scope="col" data-text="">"From"</th>
                        <th scope="col" data-text="">"More"</th>
                    </tr>
                </thead>
                <tbody>
                    {page.events.into_iter().map(|event| view! { <Line event/> }).collect_view()}
                </tbody>
            </table>
        </div>
        {next}
    })
}

#[component]
fn Line(event: AuditEvent) -> impl IntoView {
    let id = |user: Option<UserId>| user.map(|user| view! { <code>{user.to_string()}</code> });
    let at = event.at;
    view! {
        <tr>
            <td><time datetime=at.to_string()>{at.date_time()}</time></td>
            <td data-text="" data-label="What">{event.action.as_str().replace('_', " ")}</td>
            <td data-text="" data-label="By">{id(event.actor)}</td>
            <td data-text="" data-label="About">{id(event.subject)}</td>
            <td data-text="" data-label="From">{event.network}</td>
            <td data-text="" data-label="More">{event.detail}</td>
        </tr>
    }
}
