//! What the assistant may do: a word on work that waits for it, and what is always allowed.

use crate::domain::{Decision, error::ApiError, ids::EntryId, time::Timestamp};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A tool that runs without asking, because its owner said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolGrant {
    /// The tool's name, as models call it.
    pub tool: String,
    /// When it was said.
    pub granted_at: Timestamp,
}

/// A program whose tools the assistant may use, by the Model Context Protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolServer {
    /// Its name in `mcp.json`.
    pub name: String,
    /// How many tools it offers now.
    pub tools: usize,
    /// Its process, where Holly has started one.
    pub process: Option<u32>,
    /// Why it does not run, where it does not.
    pub trouble: Option<String>,
}

/// Says whether the work of an entry may go on.
#[server(prefix = "/fn", endpoint = "approvals/decide")]
pub async fn decide_approval(entry_id: EntryId, decision: Decision) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, work_log::decide};
    let (app, identity) = server_fn_context::asker()?;
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

/// Asks again before a tool runs.
#[server(prefix = "/fn", endpoint = "approvals/revoke")]
pub async fn revoke_grant(tool: String) -> Result<(), ApiError> {
    use crate::server::{http::server_fn_context, store::tool_grants};
    let (app, identity) = server_fn_context::asker()?;
    let mut tx = app.store.begin().await?;
    tool_grants::delete(&mut tx, identity.account.id, &tool).await?;
    tx.commit().await?;
    leptos_axum::redirect("/settings");
    Ok(())
}
