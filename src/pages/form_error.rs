//! What went wrong with a form that was posted without JavaScript: it is sent back in the address.

use crate::domain::error::ApiError;
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_router::hooks::use_query_map;

/// Why the last form of this page was refused, if it was.
pub fn form_error() -> Option<String> {
    let error = use_query_map().with_untracked(|query| query.get("__err"));
    error.map(|error| ServerFnUrlError::<ApiError>::decode_err(&error).to_string())
}

/// The sentence about the last form of this page, if it was refused.
#[component]
pub fn FormError() -> impl IntoView {
    form_error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })
}
