//! Holds, with which an admin keeps entries from expiring and from being deleted. Every admin sees
//! who placed a hold and why.

use crate::domain::{HoldInfo, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Holds in force, newest first.
#[server(prefix = "/fn", endpoint = "page/holds")]
pub async fn load_holds() -> Result<Vec<HoldInfo>, ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, _) = server_fn_context::admin()?;
    Ok(holds::holds_in_force(&app.tiers).await?)
}

/// Places a hold on a user's entries, or on those of a conversation given by its id or URL.
#[server(prefix = "/fn", endpoint = "holds/place")]
pub async fn place_hold(
    email: String,
    conversation: Option<String>,
    reason: String,
) -> Result<(), ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, identity) = server_fn_context::admin()?;
    let scope = holds::resolve_target(
        &app.tiers,
        &email,
        conversation.as_deref().unwrap_or_default(),
    )
    .await?;
    let hold = holds::place_hold(
        &app.tiers,
        app.clock.now(),
        identity.account.id,
        scope,
        &reason,
    )
    .await?;
    let event = Event::of(AuditAction::HoldPlaced).about(scope.0);
    server_fn_context::audit(event.detail(format!("hold {hold}"))).await;
    leptos_axum::redirect("/holds");
    Ok(())
}

/// Releases a hold.
#[server(prefix = "/fn", endpoint = "holds/release")]
pub async fn release_hold(id: String) -> Result<(), ApiError> {
    use crate::server::{archive::holds, http::server_fn_context};
    let (app, _) = server_fn_context::admin()?;
    holds::release_hold(&app.tiers, app.clock.now(), &id).await?;
    let event = Event::of(AuditAction::HoldReleased);
    server_fn_context::audit(event.detail(format!("hold {id}"))).await;
    leptos_axum::redirect("/holds");
    Ok(())
}
