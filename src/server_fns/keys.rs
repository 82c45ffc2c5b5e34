//! API keys, and the data of the settings page.

use crate::domain::{SettingsPageData, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Data of the settings page.
#[server(prefix = "/fn", endpoint = "page/settings")]
pub async fn load_settings() -> Result<SettingsPageData, ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity,
        store::{api_keys, tool_grants},
    };
    let (app, identity) = server_fn_context::caller()?;
    let has_password =
        identity::has_password(&app.store, &app.config.oidc, identity.account.id).await?;
    let mut reader = app.store.read().await?;
    let keys = api_keys::of_user(&mut reader, identity.account.id).await?;
    let grants = tool_grants::of_user(&mut reader, identity.account.id).await?;
    let forgotten_grants = tool_grants::forgotten(&mut reader, identity.account.id).await?;
    drop(reader);
    let devices = identity::devices(
        &app.store,
        app.clock.now(),
        identity.account.id,
        server_fn_context::session(&identity),
    )
    .await?;
    let tool_servers = if identity.account.is_admin {
        app.assistant.tool_servers()
    } else {
        Vec::new()
    };
    let fresh_key = server_fn_context::take_cookie(cookies::FRESH_KEY);
    Ok(SettingsPageData {
        account: identity.account,
        keys,
        now: app.clock.now(),
        fresh_key,
        grants,
        forgotten_grants,
        tool_servers,
        devices,
        has_password,
    })
}

/// Creates a key and returns it; it is not shown again. `scope` has its scopes (default: those of
/// [`Scopes::DEFAULT`](crate::domain::Scopes::DEFAULT)), `expires` the days until it expires
/// (default: never).
#[server(prefix = "/fn", endpoint = "keys/create")]
pub async fn create_key(
    name: String,
    #[server(default)] scope: Vec<String>,
    #[server(default)] expires: String,
) -> Result<String, ApiError> {
    use crate::{
        domain::Scopes,
        server::{
            base::error::Error,
            http::{cookies, server_fn_context},
            identity::{self, KEY_DAYS_MAX, NewKey},
        },
    };
    let (app, identity) = server_fn_context::caller()?;
    app.limits
        .creates
        .admit(format_args!("keys of {}", identity.account.id), 1, "keys")?;
    let scopes = match scope.join(",") {
        none if none.is_empty() => Scopes::DEFAULT,
        words => words
            .parse()
            .map_err(|why| Error::refused("scope", format!("{why}")))?,
    };
    let days =
        match expires.trim() {
            "" => None,
            days => Some(days.parse().map_err(|_| {
                Error::refused("expires", format!("must be 1 to {KEY_DAYS_MAX} days"))
            })?),
        };
    let new = NewKey { name, scopes, days };
    let key = identity::create_key(&app.store, app.clock.now(), identity.account.id, new).await?;
    server_fn_context::set_cookie(&app, cookies::FRESH_KEY, &key);
    let event = Event::of(AuditAction::KeyCreated).about(identity.account.id);
    server_fn_context::audit(event.about_key(&key)).await;
    leptos_axum::redirect("/settings");
    Ok(key)
}

/// Revokes a key at once.
#[server(prefix = "/fn", endpoint = "keys/revoke")]
pub async fn revoke_key(id: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::caller()?;
    identity::revoke_key(&app.store, app.clock.now(), identity.account.id, &id).await?;
    let event = Event::of(AuditAction::KeyRevoked).about(identity.account.id);
    server_fn_context::audit(event.detail(format!("key {id}"))).await;
    leptos_axum::redirect("/settings");
    Ok(())
}
