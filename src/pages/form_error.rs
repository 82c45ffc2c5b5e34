//! What went wrong with a form that was posted without JavaScript: server functions send it back in the address.

use crate::api::ApiError;
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_router::hooks::use_query_map;

/// The sentence about the last form of this page, if it was refused.
#[component]
pub fn FormError() -> impl IntoView {
    let query = use_query_map();
    let error = query.with_untracked(|query| query.get("__err"));
    error.map(|error| view! { <p class="trouble" role="alert">{ServerFnUrlError::<ApiError>::decode_err(&error).to_string()}</p> })
}
