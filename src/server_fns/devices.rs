//! The browsers in which a person is signed in, and their password.

use crate::domain::{error::ApiError, time::Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A browser in which a person is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Names the session; it opens nothing.
    pub id: String,
    /// Browser and system, as far as they say.
    pub name: String,
    /// When it was last used, to some minutes.
    pub last_seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Ends the session of one device.
#[server(prefix = "/fn", endpoint = "account/end-session")]
pub async fn end_device(id: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, identity};
    let (app, identity) = server_fn_context::asker()?;
    identity::end_device(&app.store, identity.account.id, &id).await?;
    leptos_axum::redirect("/settings");
    Ok(())
}

/// Changes the password, after the one until now was given; other devices are signed out.
#[server(prefix = "/fn", endpoint = "account/password")]
pub async fn change_password(password: String, new_password: String) -> Result<(), ApiError> {
    use crate::server::{
        http::{cookies, server_fn_context},
        identity,
    };
    let (app, identity) = server_fn_context::asker()?;
    identity::passwords_are_on(&app.config)?;
    let who = identity::Credentials {
        email: identity.account.email.clone(),
        password,
        from: cookies::peer(),
    };
    let account = identity::sign_in(&app.store, &app.limits.sign_in, who).await?;
    identity::change_password(
        &app.store,
        account.id,
        &new_password,
        server_fn_context::session(&identity),
    )
    .await?;
    leptos_axum::redirect("/settings?changed=password");
    Ok(())
}
