//! Tool approvals: decisions on pending ones, and standing grants.

use crate::domain::{Decision, error::ApiError, ids::EntryId};
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Decides the pending approval of an entry.
#[server(prefix = "/fn", endpoint = "approvals/decide")]
pub async fn decide_approval(entry_id: EntryId, decision: Decision) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, work_log::decide};
    let (app, identity) = server_fn_context::caller()?;
    decide(
        &app.store,
        app.clock.now(),
        identity.account.id,
        None,
        entry_id,
        decision,
    )
    .await?;
    Ok(())
}

/// Revokes a standing grant: the tool asks for approval again. Without `server` it is one of
/// Holly's own tools.
#[server(prefix = "/fn", endpoint = "approvals/revoke")]
pub async fn revoke_grant(server: Option<String>, tool: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, store::tool_grants};
    let (app, identity) = server_fn_context::caller()?;
    let mut tx = app.store.begin().await?;
    let server = server.unwrap_or_default();
    tool_grants::delete(&mut tx, identity.account.id, &server, &tool).await?;
    tx.commit().await?;
    let event = Event::of(AuditAction::GrantRevoked);
    server_fn_context::audit(event.typed_detail(&format!("tool {server} {tool}"))).await;
    leptos_axum::redirect("/settings");
    Ok(())
}

/// The user has seen which standing grants an upgrade has revoked.
#[server(prefix = "/fn", endpoint = "approvals/seen")]
pub async fn see_forgotten_grants() -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, store::tool_grants};
    let (app, identity) = server_fn_context::caller()?;
    let mut tx = app.store.begin().await?;
    tool_grants::delete_forgotten(&mut tx, identity.account.id).await?;
    tx.commit().await?;
    leptos_axum::redirect("/settings");
    Ok(())
}
