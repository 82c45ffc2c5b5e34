//! The way to the sign-in provider, and what became of the last try. Only words that are known here
//! come from the address.

use crate::domain::percent_encoded;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A link, not a form: it works without a script, and leads to another site (the page's policy
/// keeps forms at home).
#[component]
pub fn ProviderButton(
    /// The provider's name.
    name: String,
    /// Where to go afterwards.
    next: Option<String>,
    /// Whether it is the only way in.
    only: bool,
) -> impl IntoView {
    let next = next
        .map(|next| format!("?next={}", percent_encoded(&next)))
        .unwrap_or_default();
    view! {
        <p class="provider">
            <a class="button" data-kind=only.then_some("main") href=format!("/sign-in/oidc{next}")>{format!("Sign in with {name}")}</a>
        </p>
    }
}

/// What became of the last try with the provider, if one failed or somebody has signed out.
#[component]
pub fn ProviderNote(
    /// The provider's name.
    name: String,
) -> impl IntoView {
    let (trouble, signed_out) = use_query_map()
        .with_untracked(|query| (query.get("trouble"), query.get("signed-out").is_some()));
    let trouble =
        trouble.map(|word| view! { <p class="trouble" role="alert">{sentence(&word, &name)}</p> });
    let signed_out = signed_out.then(|| {
        view! {
            <p class="note" role="status">
                {format!("You are signed out of Holly, but still signed in at {name}. ")}
                <a href="/sign-in/oidc/out">"Sign out there too"</a>
            </p>
        }
    });
    (trouble, signed_out)
}

fn sentence(word: &str, name: &str) -> String {
    match word {
        "too-often" => "Too many tries. Please wait a minute.".to_owned(),
        "lost" => "That sign-in was not begun in this browser, or too long ago. Please try again."
            .to_owned(),
        "not-recent" => format!(
            "{name} did not say that you signed in there in the last 10 minutes. Please sign out \
             there and try again."
        ),
        "denied" => format!("{name} did not sign you in. Please try again."),
        "silent" => format!(
            "{name} does not answer as it should. Please try again in a minute, or ask whoever runs Holly."
        ),
        "switched-off" => {
            "Your account is switched off. An admin can switch it on again.".to_owned()
        }
        "not-allowed" => {
            "Your address is not among those that get in here. An admin can change that.".to_owned()
        }
        "taken" => "Your address belongs to another account here. An admin can help.".to_owned(),
        "off" => "Nobody signs in with a provider here.".to_owned(),
        _ => format!(
            "What {name} said about you could not be taken. Please try again, or ask whoever runs Holly."
        ),
    }
}
