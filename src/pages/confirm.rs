//! `/confirm`.

use super::{
    form_error::FormError, provider_button::ProviderNote, query_parameter::query_parameter,
    refused::Refused,
};
use crate::{
    domain::percent_encoded,
    server_fns::{ConfirmAccount, load_confirmation_ways},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;

/// Asks who the user is before an action that changes who may do what.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    let next = query_parameter("next").unwrap_or_else(|| "/".to_owned());
    Suspend::new(async move {
        let ways = match load_confirmation_ways().await {
            Ok(ways) => ways,
            Err(error) => return Either::Right(view! { <Refused error/> }),
        };
        Either::Left(view! {
            <Title text="Confirm that it is you"/>
            <main class="page" data-width="narrow">
                <h1>"Confirm that it is you"</h1>
                <p>
                    "The last time was more than 10 minutes ago, so nothing was changed. \
                     You then return to the page; please submit the form again."
                </p>
                {ways.provider.clone().map(|name| view! { <ProviderNote name/> })}
                {ways.password.then(|| view! { <PasswordForm next=next.clone()/> })}
                {ways.provider.map(|name| view! { <ProviderLink name next/> })}
            </main>
        })
    })
}

#[component]
fn PasswordForm(next: String) -> impl IntoView {
    view! {
        <form class="fields" method="post" action=ConfirmAccount::url()>
            <FormError/>
            <label>
                "Password "
                <input
                    type="password"
                    name="password"
                    autocomplete="current-password"
                    required
                    autofocus
                />
            </label>
            <input type="hidden" name="next" value=next/>
            <button class="button" data-kind="main">"Confirm"</button>
        </form>
    }
}

#[component]
fn ProviderLink(name: String, next: String) -> impl IntoView {
    let address = format!("/sign-in/oidc?confirm=1&next={}", percent_encoded(&next));
    view! {
        <p class="provider">
            <a class="button" href=address>{format!("Confirm with {name}")}</a>
        </p>
    }
}
