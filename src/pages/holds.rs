//! `/holds`: what admins keep from expiring and from being deleted; for admins.

use super::{form_error::FormError, refused::Refused};
use crate::{
    domain::HoldInfo,
    server_fns::{PlaceHold, ReleaseHold, load_holds},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

/// Holds in force, and a form to place one.
#[component]
pub fn HoldsPage() -> impl IntoView {
    Suspend::new(async move {
        match load_holds().await {
            Ok(holds) => Either::Left(view! {
                <Title text="Holds"/>
                <main class="page">
                    <div class="bar"><h1>"Holds"</h1> <a href="/stats">"Back to the stats"</a></div>
                    <p class="lead">
                        "What is on hold neither expires nor can be deleted, by nobody, until an admin releases it. Its owner sees that it is on hold; \
                         who placed it and why is for admins."
                    </p>
                    <FormError/>
                    <section class="panel"><h2>"In force"</h2><Holds holds/></section>
                    <section class="panel"><h2>"Place a hold"</h2><Place/></section>
                </main>
            }),
            Err(error) => Either::Right(view! { <Refused error/> }),
        }
    })
}

#[component]
fn Holds(holds: Vec<HoldInfo>) -> impl IntoView {
    if holds.is_empty() {
        return Either::Left(view! { <p class="none">"Nothing is on hold."</p> });
    }
    Either::Right(view! {
        <div class="table" data-cards="" tabindex="0" role="group" aria-label="Holds">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Person"</th>
                        <th scope="col" data-text="">"What"</th>
                        <th scope="col" data-text="">"Why"</th>
                        <th scope="col" data-text="">"Placed by"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col"><span class="unseen">"Release"</span></th>
                    </tr>
                </thead>
                <tbody>{holds.into_iter().map(|hold| view! { <Line hold/> }).collect_view()}</tbody>
            </table>
        </div>
    })
}

#[component]
fn Line(hold: HoldInfo) -> impl IntoView {
    let what = hold.conversation.map_or_else(
        || Either::Left("everything"),
        |id| Either::Right(view! { "conversation " <code>{id}</code> }),
    );
    let release = format!("Release the hold on {}", hold.person);
    view! {
        <tr>
            <td>{hold.person}</td>
            <td data-text="" data-label="What">{what}</td>
            <td data-text="" data-label="Why">{hold.reason}</td>
            <td data-text="" data-label="Placed by">{hold.placed_by}</td>
            <td data-label="Since"><time datetime=hold.since.to_string() title=hold.since.date_time()>{hold.since.date()}</time></td>
            <td>
                <form method="post" action=ReleaseHold::url()>
                    <input type="hidden" name="id" value=hold.id/>
                    <button class="button" aria-label=release>"Release"</button>
                </form>
            </td>
        </tr>
    }
}

#[component]
fn Place() -> impl IntoView {
    view! {
        <form class="fields" method="post" action=PlaceHold::url()>
            <label>"Whose: the person's email" <input type="email" name="email" autocomplete="off" required/></label>
            <label>"Only one conversation: its address or id; empty for everything" <input name="conversation" maxlength="300" autocomplete="off"/></label>
            <label>"Why; every admin reads it" <input name="reason" maxlength="500" required placeholder="Case 17"/></label>
            <div><button class="button" data-kind="main">"Place the hold"</button></div>
        </form>
    }
}
