//! Holds: what an admin keeps from expiring and from being deleted. Every admin sees who placed
//! one, and why.

use crate::domain::{HoldInfo, error::ApiError};
use leptos::prelude::*;

/// Holds in force, newest first.
#[server(prefix = "/fn", endpoint = "page/holds")]
pub async fn load_holds() -> Result<Vec<HoldInfo>, ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, _) = server_fn_context::admin()?;
    Ok(holds::holds_in_force(&app.tiers).await?)
}

/// Holds a person's entries, or those of one of their conversations, named by its id or its
/// address.
#[server(prefix = "/fn", endpoint = "holds/place")]
pub async fn place_hold(
    email: String,
    conversation: Option<String>,
    reason: String,
) -> Result<(), ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, identity) = server_fn_context::admin()?;
    let whose = holds::resolve_target(
        &app.tiers,
        &email,
        conversation.as_deref().unwrap_or_default(),
    )
    .await?;
    holds::place_hold(
        &app.tiers,
        app.clock.now(),
        identity.account.id,
        whose,
        &reason,
    )
    .await?;
    leptos_axum::redirect("/holds");
    Ok(())
}

/// Releases a hold.
#[server(prefix = "/fn", endpoint = "holds/release")]
pub async fn release_hold(id: String) -> Result<(), ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, _) = server_fn_context::admin()?;
    holds::release_hold(&app.tiers, app.clock.now(), &id).await?;
    leptos_axum::redirect("/holds");
    Ok(())
}
