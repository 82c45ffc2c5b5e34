//! Tools that a user lets the assistant use without approval.

use super::{Result, Tx};
use crate::domain::{ToolGrant, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// Allows a tool without approval; no effect if it is allowed already.
pub async fn insert(tx: &mut Tx<'_>, now: Timestamp, user: UserId, tool: &str) -> Result<()> {
    let sql = "insert into tool_grants (user_id, tool, granted_at) values ($1, $2, $3) on \
               conflict (user_id, tool) do nothing";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(tool)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Since when a tool needs no approval, if so.
pub async fn since(
    connection: &mut AnyConnection,
    user: UserId,
    tool: &str,
) -> Result<Option<Timestamp>> {
    let sql = "select granted_at from tool_grants where user_id = $1 and tool = $2";
    let at: Option<i64> = sqlx::query_scalar(sql)
        .bind(user.to_string())
        .bind(tool)
        .fetch_optional(connection)
        .await?;
    Ok(at.map(Timestamp::from_millis))
}

/// A user's grants, by tool name.
pub async fn of_user(connection: &mut AnyConnection, user: UserId) -> Result<Vec<ToolGrant>> {
    let sql = "select tool, granted_at from tool_grants where user_id = $1 order by tool";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(tool, at)| ToolGrant {
            tool,
            granted_at: Timestamp::from_millis(at),
        })
        .collect())
}

/// Requires approval again; no effect if it is required already.
pub async fn delete(tx: &mut Tx<'_>, user: UserId, tool: &str) -> Result<()> {
    let sql = "delete from tool_grants where user_id = $1 and tool = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(tool)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
