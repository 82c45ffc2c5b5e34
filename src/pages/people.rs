//! `/settings/people`, for admins: who is there, who is invited. Plain forms; nothing here shows
//! what people wrote.

use super::{form_error::FormError, refused::Refused, settings::day, your_data::ErasedNote};
use crate::{
    domain::{Invitation, PeoplePageData as Page, Person},
    server_fns::{
        CreatePasswordLink, DisablePerson, ErasePerson, InvitePerson, SetPersonAdmin,
        WithdrawInvitation, load_people,
    },
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// People and invitations.
#[component]
pub fn PeoplePage() -> impl IntoView {
    let query = |name: &'static str| use_query_map().with_untracked(|query| query.get(name));
    let (part, after, erased) = (query("q"), query("after"), query("erased"));
    Suspend::new(async move {
        match load_people(part.clone(), after).await {
            Ok(page) => Either::Left(view! {
                <Title text="People"/>
                <main class="page" data-width="column">
                    <div class="bar">
                        <h1>"People"</h1> <a href="/settings/audit">"Audit log"</a> <a href="/settings">"Settings"</a> <a href="/">"Back to the conversations"</a>
                    </div>
                    <FormError/>
                    {erased.map(|counts| view! { <ErasedNote counts whose="The"/> })}
                    {if page.invites {
                        Either::Left(view! { <Invite fresh=page.fresh.clone()/> })
                    } else {
                        Either::Right(view! { <p>"People come in by signing in with the provider; there is nobody to invite."</p> })
                    }}
                    <Invitations invitations=page.invitations.clone()/>
                    <People page part/>
                </main>
            }),
            Err(error) => Either::Right(view! { <Refused error/> }),
        }
    })
}

#[component]
fn Invite(fresh: Option<(String, Invitation)>) -> impl IntoView {
    view! {
        <section class="panel" id="invite">
            <h2>"Invite somebody"</h2>
            {fresh.map(|(link, invitation)| view! {
                <div class="note" role="status">
                    <p>
                        "Send this link to " {invitation.email} ". It is shown this once, works once, and until "
                        {day(invitation.expires_at)} ": " <code class="secret">{link}</code>
                    </p>
                </div>
            })}
            <form class="filters" method="post" action=InvitePerson::url()>
                <label class="field">"Their address" <input type="email" name="email" maxlength="254" autocomplete="off" required/></label>
                <label class="check"><input type="checkbox" name="admin" value="true"/> "as an admin"</label>
                <button class="button" data-kind="main">"Make a link"</button>
            </form>
        </section>
    }
}

#[component]
fn Invitations(invitations: Vec<Invitation>) -> impl IntoView {
    let row = |invitation: Invitation| {
        let kind = match (invitation.resets_password, invitation.is_admin) {
            (true, _) => Some("new password"),
            (false, true) => Some("as an admin"),
            (false, false) => None,
        };
        let by = invitation
            .invited_by
            .unwrap_or_else(|| "the command line".to_owned());
        view! {
            <li>
                <div>
                    <b>{invitation.email.clone()}</b>
                    {kind.map(|kind| view! { <span class="chip">{kind}</span> })}
                </div>
                <p>"by " {by} ", open until " {day(invitation.expires_at)}</p>
                <form method="post" action=WithdrawInvitation::url()>
                    <input type="hidden" name="email" value=invitation.email.clone()/>
                    <button class="button" aria-label=format!("Take back: {}", invitation.email)>"Take back"</button>
                </form>
            </li>
        }
    };
    (!invitations.is_empty()).then(|| {
        view! {
            <section class="panel" id="invitations">
                <h2>"Invited"</h2>
                <ul class="people">{invitations.into_iter().map(row).collect_view()}</ul>
            </section>
        }
    })
}

#[component]
fn People(page: Page, part: Option<String>) -> impl IntoView {
    let (you, none) = (page.you, page.people.is_empty());
    let row = |person: Person| {
        let is_you = person.id == you;
        view! { <PersonRow you=is_you passwords=page.invites person/> }
    };
    let next = page.next.map(|after| {
        view! {
            <form class="filters" method="get" action="/settings/people">
                <input type="hidden" name="q" value=part.clone()/>
                <input type="hidden" name="after" value=after/>
                <button class="button">"More"</button>
            </form>
        }
    });
    view! {
        <section class="panel" id="people">
            <h2>"With an account"</h2>
            <form class="filters" method="get" action="/settings/people" role="search">
                <label class="field">"Find an address" <input type="search" name="q" maxlength="254" value=part/></label>
                <button class="button">"Find"</button>
            </form>
            {none.then(|| view! { <p class="none">"Nobody."</p> })}
            <ul class="people">
                {page.people.into_iter().map(row).collect_view()}
            </ul>
            {next}
        </section>
    }
}

#[component]
fn PersonRow(person: Person, you: bool, passwords: bool) -> impl IntoView {
    let active = person.last_active_at.map_or_else(
        || Either::Left("never here"),
        |at| Either::Right(view! { "last here " {day(at)} }),
    );
    view! {
        <li data-disabled=person.is_disabled.then_some("true")>
            <div>
                <b>{person.email.clone()}</b>
                {you.then(|| view! { <span class="chip">"you"</span> })}
                {person.is_admin.then(|| view! { <span class="chip">"admin"</span> })}
                {person.is_disabled.then(|| view! { <span class="chip">"disabled"</span> })}
            </div>
            <p>"since " {day(person.created_at)} ", " {active}</p>
            <Rights person=person.clone() passwords/>
            <Erase person=person.clone()/>
        </li>
    }
}

#[component]
fn Rights(person: Person, passwords: bool) -> impl IntoView {
    let can_reset = passwords && !person.is_disabled;
    let (id, email) = (person.id.to_string(), person.email);
    let admin = if person.is_admin {
        "No longer admin"
    } else {
        "Make admin"
    };
    let enabled = if person.is_disabled {
        "Enable"
    } else {
        "Disable"
    };
    view! {
        <form method="post" action=SetPersonAdmin::url()>
            <input type="hidden" name="id" value=id.clone()/>
            <input type="hidden" name="admin" value=(!person.is_admin).to_string()/>
            <button class="button" aria-label=format!("{admin}: {email}")>{admin}</button>
        </form>
        <form method="post" action=DisablePerson::url()>
            <input type="hidden" name="id" value=id/>
            <input type="hidden" name="disabled" value=(!person.is_disabled).to_string()/>
            <button class="button" aria-label=format!("{enabled}: {email}")>{enabled}</button>
        </form>
        {can_reset.then(|| view! {
            <form method="post" action=CreatePasswordLink::url()>
                <input type="hidden" name="id" value=person.id.to_string()/>
                <button class="button" aria-label=format!("New password: {email}")>
                    "Link for a new password"
                </button>
            </form>
        })}
    }
}

#[component]
fn Erase(person: Person) -> impl IntoView {
    view! {
        <details>
            <summary aria-label=format!("Erase: {}", person.email)>"Erase"</summary>
            <p>
                "Everything they have goes, from every tier: conversations, messages, entries, files, keys. It cannot be undone. "
                "You cannot read it; if they want to keep it, let them export it first, in their own settings under “Your data”, or run "
                <code>{format!("holly user erase {} --export FILE", person.email)}</code> " where Holly runs."
            </p>
            <form class="filters" method="post" action=ErasePerson::url()>
                <input type="hidden" name="id" value=person.id.to_string()/>
                <label class="field">"Their address, to be sure" <input type="email" name="email" autocomplete="off" required/></label>
                <button class="button" data-kind="danger">"Erase for good"</button>
            </form>
        </details>
    }
}
