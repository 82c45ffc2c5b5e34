//! API keys and the rest of what the settings page shows.

use super::{Account, Device, ToolGrant, ToolServer};
use crate::domain::{error::ApiError, time::Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// An API key as its owner sees it; the secret is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The part between `holly_` and the secret.
    pub id: String,
    /// What its owner called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The settings page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Who is signed in.
    pub account: Account,
    /// The keys in force, newest first.
    pub keys: Vec<ApiKey>,
    /// The key that was made just now, whole, this once.
    pub fresh_key: Option<String>,
    /// The tools that run without asking.
    pub grants: Vec<ToolGrant>,
    /// For admins, the programs whose tools the assistant may use.
    pub tool_servers: Vec<ToolServer>,
    /// Where they are signed in, last used first.
    pub devices: Vec<Device>,
    /// Whether they sign in with a password.
    pub has_password: bool,
}

/// What the settings page shows.
#[server(prefix = "/fn", endpoint = "page/settings")]
pub async fn load_settings() -> Result<Settings, ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity,
        store::{api_keys, tool_grants},
    };
    let (app, identity) = server_fn_context::asker()?;
    let has_password = identity::has_password(&app.store, &app.config, identity.account.id).await?;
    let mut reader = app.store.read().await?;
    let keys = api_keys::of_user(&mut reader, identity.account.id).await?;
    let grants = tool_grants::of_user(&mut reader, identity.account.id).await?;
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
    let fresh_key = cookies::take(cookies::FRESH_KEY);
    Ok(Settings {
        account: identity.account,
        keys,
        fresh_key,
        grants,
        tool_servers,
        devices,
        has_password,
    })
}

/// Makes a key and returns it whole, this once.
#[server(prefix = "/fn", endpoint = "keys/create")]
pub async fn create_key(name: String) -> Result<String, ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity,
    };
    let (app, identity) = server_fn_context::asker()?;
    app.limits
        .creates
        .admit(format_args!("keys of {}", identity.account.id), 1, "keys")?;
    let key = identity::create_key(&app.store, app.clock.now(), identity.account.id, &name).await?;
    cookies::set(&app, cookies::FRESH_KEY, &key);
    leptos_axum::redirect("/settings");
    Ok(key)
}

/// Takes a key out of force at once.
#[server(prefix = "/fn", endpoint = "keys/revoke")]
pub async fn revoke_key(id: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::asker()?;
    identity::revoke_key(&app.store, app.clock.now(), identity.account.id, &id).await?;
    leptos_axum::redirect("/settings");
    Ok(())
}
