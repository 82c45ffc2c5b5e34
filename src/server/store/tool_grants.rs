//! Tools that a user lets the assistant use without approval. A grant is bound to the tool's
//! definition: after a change of it the user is asked again.

use super::{Result, Tx};
use crate::domain::{ToolGrant, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// A tool with exactly this definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolIdentity {
    /// The MCP server that offers it; empty for Holly's own tools.
    pub server: String,
    /// Its name, as models call it.
    pub name: String,
    /// SHA-256 of its definition as canonical JSON.
    pub definition_hash: String,
}

/// Allows a tool without approval; no effect if it is allowed already with this definition.
pub async fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    tool: &ToolIdentity,
) -> Result<()> {
    let sql = "insert into tool_grants (user_id, server, tool, definition_hash, granted_at) \
               values ($1, $2, $3, $4, $5) on conflict (user_id, server, tool) do update set \
               definition_hash = excluded.definition_hash, granted_at = excluded.granted_at \
               where tool_grants.definition_hash <> excluded.definition_hash";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(&tool.server)
        .bind(&tool.name)
        .bind(&tool.definition_hash)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Since when a tool with this definition needs no approval, if so.
pub async fn since(
    connection: &mut AnyConnection,
    user: UserId,
    tool: &ToolIdentity,
) -> Result<Option<Timestamp>> {
    let sql = "select granted_at from tool_grants where user_id = $1 and server = $2 and \
               tool = $3 and definition_hash = $4";
    let at: Option<i64> = sqlx::query_scalar(sql)
        .bind(user.to_string())
        .bind(&tool.server)
        .bind(&tool.name)
        .bind(&tool.definition_hash)
        .fetch_optional(connection)
        .await?;
    Ok(at.map(Timestamp::from_millis))
}

/// A user's grants, by server and tool.
pub async fn of_user(connection: &mut AnyConnection, user: UserId) -> Result<Vec<ToolGrant>> {
    let sql = "select server, tool, granted_at from tool_grants where user_id = $1 \
               order by server, tool";
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(server, tool, at)| ToolGrant {
            server,
            tool,
            granted_at: Timestamp::from_millis(at),
        })
        .collect())
}

/// Requires approval again; no effect if it is required already. `server` is empty for Holly's own
/// tools.
pub async fn delete(tx: &mut Tx<'_>, user: UserId, server: &str, tool: &str) -> Result<()> {
    let sql = "delete from tool_grants where user_id = $1 and server = $2 and tool = $3";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(server)
        .bind(tool)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The tools that a user had allowed before grants were bound to a definition, until the user has
/// seen that they are forgotten.
pub async fn forgotten(connection: &mut AnyConnection, user: UserId) -> Result<Vec<String>> {
    let sql = "select tool from forgotten_grants where user_id = $1 order by tool";
    Ok(sqlx::query_scalar(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?)
}

/// The user has seen which grants are forgotten.
pub async fn delete_forgotten(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    sqlx::query("delete from forgotten_grants where user_id = $1")
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
