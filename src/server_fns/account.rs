//! Accounts: create the first one, sign in, sign out, erase.

use crate::domain::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Creates the first account, an admin, and signs it in. On a server that others can reach it needs
/// the setup code.
#[server(prefix = "/fn", endpoint = "account/welcome")]
pub async fn create_first_account(
    email: String,
    password: String,
    code: Option<String>,
) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let app = server_fn_context::app();
    identity::check_passwords_enabled(&app.config.oidc)?;
    server_fn_context::check_keeps_cookies(&app)?;
    app.limits
        .sign_in
        .from_network(&server_fn_context::client_network())
        .map_err(identity::AccountError::TooOften)?;
    if app.config.needs_setup_code() {
        identity::check_setup_code(&app.store, code.as_deref()).await?;
    }
    let account = identity::sign_up_first(&app.store, app.clock.now(), &email, &password).await?;
    server_fn_context::sign_in_with_password(&app, account.id).await?;
    let event = Event::of(AuditAction::Joined)
        .by(account.id)
        .about(account.id);
    server_fn_context::audit(event.detail("first account")).await;
    leptos_axum::redirect("/");
    Ok(())
}

/// Signs in and redirects to `next`, a path of this site.
#[server(prefix = "/fn", endpoint = "account/sign-in")]
pub async fn sign_in(
    email: String,
    password: String,
    next: Option<String>,
) -> Result<(), ApiError> {
    use crate::server::{
        http::{redirects, server_fn_context},
        identity,
    };
    let app = server_fn_context::app();
    identity::check_passwords_enabled(&app.config.oidc)?;
    server_fn_context::check_keeps_cookies(&app)?;
    let credentials = identity::Credentials {
        email: email.clone(),
        password,
        from: server_fn_context::client_network(),
        browser: server_fn_context::known_browser(),
    };
    let account = match identity::sign_in(&app.store, &app.limits.sign_in, credentials).await {
        Ok(account) => account,
        Err(error) => {
            server_fn_context::audit_failed_sign_in(&error, &email).await;
            return Err(error.into());
        }
    };
    server_fn_context::sign_in_with_password(&app, account.id).await?;
    let event = Event::of(AuditAction::SignedIn).by(account.id);
    server_fn_context::audit(event.detail("password")).await;
    leptos_axum::redirect(&redirects::safe_redirect_path(next));
    Ok(())
}

/// Confirms with the password that it is the user, for the next 10 minutes of this session, and
/// redirects to `next`, a path of this site.
#[server(prefix = "/fn", endpoint = "account/confirm")]
pub async fn confirm_account(password: String, next: Option<String>) -> Result<(), ApiError> {
    use crate::server::{
        http::{redirects, server_fn_context},
        identity,
    };
    let (app, identity) = server_fn_context::caller()?;
    let account = &identity.account;
    identity::check_passwords_enabled(&app.config.oidc)?;
    identity::confirm_password(&app.store, &app.limits.sign_in, account, password).await?;
    if let Some(token) = server_fn_context::session(&identity) {
        identity::confirm_session(&app.store, account.id, token, app.clock.now()).await?;
    }
    leptos_axum::redirect(&redirects::safe_redirect_path(next));
    Ok(())
}

/// Signs out on this device. After a sign-in with the provider, the page offers to sign out there.
#[server(prefix = "/fn", endpoint = "account/sign-out")]
pub async fn sign_out() -> Result<(), ApiError> {
    use crate::server::{
        http::{extract::Credential, server_fn_context},
        identity::{self, oidc::flow},
    };
    let (app, identity) = server_fn_context::caller()?;
    let mut used_provider = false;
    if let Credential::Session(token) = identity.credential {
        used_provider = identity::session_provider(&app.store, app.clock.now(), &token)
            .await?
            .is_some();
        identity::end_session(&app.store, identity.account.id, &token).await?;
    }
    server_fn_context::sign_out(&app);
    server_fn_context::audit(Event::of(AuditAction::SignedOut)).await;
    let can_sign_out_there = used_provider
        && flow::end_session_url(app.provider.as_deref())
            .await
            .is_some();
    leptos_axum::redirect(if can_sign_out_there {
        "/sign-in?signed-out=here"
    } else {
        "/sign-in"
    });
    Ok(())
}

/// Signs out on all devices.
#[server(prefix = "/fn", endpoint = "account/sign-out-everywhere")]
pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::caller()?;
    identity::reject_earlier_tokens(&app.store, app.clock.now(), identity.account.id).await?;
    identity::end_all_sessions(&app.store, identity.account.id).await?;
    server_fn_context::sign_out(&app);
    server_fn_context::audit(Event::of(AuditAction::SignedOut).detail("everywhere")).await;
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// Erases the account and all its data from every tier. Requires the password, or the email address
/// of an account without one.
#[server(prefix = "/fn", endpoint = "account/erase")]
pub async fn erase_account(
    password: Option<String>,
    email: Option<String>,
) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::caller()?;
    let account = identity.account;
    if identity::has_password(&app.store, &app.config.oidc, account.id).await? {
        let password = password.unwrap_or_default();
        let limits = &app.limits.sign_in;
        identity::confirm_password(&app.store, limits, &account, password).await?;
    } else {
        identity::check_confirmation(&account, &email.unwrap_or_default())?;
    }
    let deleted = identity::delete_account(
        &app.tiers,
        &app.files,
        app.clock.now(),
        account.id,
        identity::RequestedBy::Owner,
        |turn| app.assistant.cancel(turn),
    )
    .await?;
    server_fn_context::sign_out(&app);
    leptos_axum::redirect(&format!("/sign-in?erased={}", deleted.receipt.code()));
    Ok(())
}
