//! Tool approvals: decisions on pending ones, and standing grants.

use crate::domain::{Decision, error::ApiError, ids::EntryId};
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

/// Revokes a standing grant: the tool asks for approval again.
#[server(prefix = "/fn", endpoint = "approvals/revoke")]
pub async fn revoke_grant(tool: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, store::tool_grants};
    let (app, identity) = server_fn_context::caller()?;
    let mut tx = app.store.begin().await?;
    tool_grants::delete(&mut tx, identity.account.id, &tool).await?;
    tx.commit().await?;
    leptos_axum::redirect("/settings");
    Ok(())
}
