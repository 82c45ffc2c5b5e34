//! The sessions of a user's browsers, and the password.

use crate::domain::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Ends the session of a device.
#[server(prefix = "/fn", endpoint = "account/end-session")]
pub async fn end_device(id: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::caller()?;
    identity::end_device(&app.store, identity.account.id, &id).await?;
    let event = Event::of(AuditAction::SignedOut).detail("another device");
    server_fn_context::audit(event).await;
    leptos_axum::redirect("/settings");
    Ok(())
}

/// Changes the password, signs out other devices and, if asked, revokes the API keys. Requires the
/// current password.
#[server(prefix = "/fn", endpoint = "account/password")]
pub async fn change_password(
    password: String,
    new_password: String,
    revoke_keys: Option<bool>,
) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::caller()?;
    identity::check_passwords_enabled(&app.config.oidc)?;
    let (account, limits) = (&identity.account, &app.limits.sign_in);
    identity::confirm_password(&app.store, limits, account, password).await?;
    let session = server_fn_context::session(&identity);
    identity::change_password(&app.store, account, &new_password, session).await?;
    if revoke_keys == Some(true) {
        identity::revoke_all_keys(&app.store, app.clock.now(), account.id).await?;
    }
    server_fn_context::audit(Event::of(AuditAction::PasswordChanged)).await;
    leptos_axum::redirect("/settings?changed=password");
    Ok(())
}
