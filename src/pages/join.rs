//! `/join`: what the link of an invitation opens; the router moves its secret to a cookie. A plain
//! form; opening it uses nothing up.

use super::form_error::FormError;
use crate::{
    components::Icon,
    domain::Invitation,
    server_fns::{Join, load_invitation},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

/// Lets somebody who was invited choose a password.
#[component]
pub fn JoinPage() -> impl IntoView {
    Suspend::new(async move {
        let content = match load_invitation().await {
            Ok(invitation) => Either::Left(view! { <JoinForm invitation/> }),
            Err(_) => Either::Right(view! {
                <p>"This invitation is not open any more: it was used, taken back, or ran out. Ask for a new one."</p>
                <p><a href="/sign-in">"I have an account"</a></p>
            }),
        };
        view! {
            <Title text="Join"/>
            <main class="page" data-width="narrow">
                <h1 class="brand"><Icon name="leaf"/> "Join Holly"</h1>
                {content}
            </main>
        }
    })
}

#[component]
fn JoinForm(invitation: Invitation) -> impl IntoView {
    let by = invitation
        .invited_by
        .map(|by| format!("{by} invited you. "))
        .unwrap_or_default();
    view! {
        <p>
            {if invitation.resets_password {
                "Choose a new password. You are signed out on your other devices.".to_owned()
            } else {
                format!("{by}Choose a password, and you are in.")
            }}
        </p>
        <form class="fields" method="post" action=Join::url()>
            <FormError/>
            <label>"Email" <input type="email" value=invitation.email autocomplete="username" readonly/></label>
            <label>
                "Password, 8 characters or more"
                <input type="password" name="password" autocomplete="new-password" minlength="8" required autofocus/>
            </label>
            <button class="button" data-kind="main">"Join"</button>
        </form>
    }
}
