//! The ways to sign in, and to confirm that it is still the same user.

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

/// The ways in which the caller can confirm that it is them.
#[server(prefix = "/fn", endpoint = "page/confirm")]
pub async fn load_confirmation_ways() -> Result<SignInWays, ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::caller()?;
    let config = &app.config.oidc;
    let password = identity::has_password(&app.store, config, identity.account.id).await?;
    let browser = config
        .provider
        .as_ref()
        .filter(|provider| provider.client.is_some());
    Ok(SignInWays {
        password,
        setup_code: false,
        provider: browser.map(|provider| provider.name.clone()),
    })
}
