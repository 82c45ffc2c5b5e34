//! `/sign-in`.

use super::{
    form_error::FormError,
    provider_button::{ProviderButton, ProviderNote},
    query_parameter::query_parameter,
    refused::Refused,
    your_data::ErasedNote,
};
use crate::{
    components::Icon,
    server_fns::{SignIn, load_sign_in_ways},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Address and password in a plain form, the way to the provider, or both.
#[component]
pub fn SignInPage() -> impl IntoView {
    let next = query_parameter("next");
    let erased = use_query_map().with_untracked(|query| query.get("erased"));
    Suspend::new(async move {
        let ways = match load_sign_in_ways().await {
            Ok(ways) => ways,
            Err(error) => return Either::Right(view! { <Refused error/> }),
        };
        Either::Left(view! {
            <Title text="Sign in"/>
            <main class="page" data-width="narrow">
                <h1 class="brand"><Icon name="leaf"/> "Sign in to Holly"</h1>
                {erased.map(|counts| view! { <ErasedNote counts whose="Your"/> })}
                {ways.provider.clone().map(|name| view! { <ProviderNote name/> })}
                {ways.password.then(|| view! { <PasswordForm next=next.clone()/> })}
                {ways.provider.map(|name| view! { <ProviderButton name next only=!ways.password/> })}
            </main>
        })
    })
}

#[component]
fn PasswordForm(next: Option<String>) -> impl IntoView {
    view! {
        <form class="fields" method="post" action=SignIn::url()>
            <FormError/>
            <label>"Email" <input type="email" name="email" autocomplete="username" required autofocus/></label>
            <label>"Password" <input type="password" name="password" autocomplete="current-password" required/></label>
            {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
            <button class="button" data-kind="main">"Sign in"</button>
        </form>
    }
}
