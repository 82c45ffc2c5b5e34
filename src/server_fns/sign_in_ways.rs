//! The enabled ways to sign in.

use crate::domain::{SignInWays, error::ApiError};
use leptos::prelude::*;

/// The enabled ways to sign in; needs no session.
#[server(prefix = "/fn", endpoint = "page/sign-in")]
pub async fn load_sign_in_ways() -> Result<SignInWays, ApiError> {
    use crate::server::http::server_fn_context;
    let app = server_fn_context::app();
    let config = app.config;
    let browser = config
        .oidc
        .provider
        .as_ref()
        .filter(|provider| provider.client.is_some());
    Ok(SignInWays {
        password: config.oidc.local_accounts,
        setup_code: config.needs_setup_code(),
        provider: browser.map(|provider| provider.name.clone()),
    })
}
