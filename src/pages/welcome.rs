//! `/welcome`: the first account.

use super::{
    form_error::FormError, provider_button::ProviderButton, query_parameter::query_parameter,
    your_data::ErasedNote,
};
use crate::{
    components::Icon,
    server_fns::{CreateFirstAccount, load_sign_in_ways},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Makes the first account; its owner is admin. Shown only while there is none.
#[component]
pub fn WelcomePage() -> impl IntoView {
    let erased = use_query_map().with_untracked(|query| query.get("erased"));
    view! {
        <Title text="Welcome"/>
        <main class="page" data-width="narrow">
            <h1 class="brand"><Icon name="leaf"/> "Welcome to Holly"</h1>
            {erased.map(|counts| view! { <ErasedNote counts whose="Your"/> })}
            <p>"Make the first account. It is the admin’s, and everything stays on this machine."</p>
            {Suspend::new(async move {
                let ways = load_sign_in_ways().await.ok();
                let needs_code = ways.as_ref().is_some_and(|ways| ways.setup_code);
                let provider = ways.and_then(|ways| ways.provider);
                view! {
                    <FirstAccountForm needs_code/>
                    {provider.map(|name| view! { <ProviderButton name next=None only=false/> })}
                }
            })}
        </main>
    }
}

#[component]
fn FirstAccountForm(needs_code: bool) -> impl IntoView {
    let code = needs_code.then(|| {
        let code = query_parameter("code");
        view! {
            <label>
                "Setup code, from the server’s output or log"
                <input type="text" name="code" value=code autocomplete="off" spellcheck="false" required/>
            </label>
        }
    });
    view! {
        <form class="fields" method="post" action=CreateFirstAccount::url()>
            <FormError/>
            {code}
            <label>
                "Email"
                <input type="email" name="email" autocomplete="username" required autofocus/>
            </label>
            <label>
                "Password, 8 characters or more"
                <input type="password" name="password" autocomplete="new-password" minlength="8" required/>
            </label>
            <button class="button" data-kind="main">"Create the account"</button>
        </form>
    }
}
