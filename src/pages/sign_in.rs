//! `/sign-in`.

use super::{form_error::FormError, your_data::ErasedNote};
use crate::{api::SignIn, components::Icon};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Address and password; a plain form.
#[component]
pub fn SignInPage() -> impl IntoView {
    let (next, erased) = use_query_map().with_untracked(|query| (query.get("next"), query.get("erased")));
    view! {
        <Title text="Sign in"/>
        <main class="page" data-width="narrow">
            <h1 class="brand"><Icon name="leaf"/> "Sign in to Holly"</h1>
            {erased.map(|counts| view! { <ErasedNote counts whose="Your"/> })}
            <form class="fields" method="post" action=SignIn::url()>
                <FormError/>
                <label>"Email" <input type="email" name="email" autocomplete="username" required autofocus/></label>
                <label>"Password" <input type="password" name="password" autocomplete="current-password" required/></label>
                {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
                <button class="button" data-kind="main">"Sign in"</button>
            </form>
        </main>
    }
}
