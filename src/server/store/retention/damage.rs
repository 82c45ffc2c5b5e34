//! Which objects in use are known to be damaged or missing.

use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::Timestamp,
    },
    server::store::{Result, Tx, conditions::Conditions},
};
use sqlx::AnyConnection;

/// An object that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DamagedObject {
    /// Its name.
    pub key: String,
    /// Hex SHA-256 of the bytes it should have.
    pub sha256: String,
    /// How many entries in it count.
    pub entries: i64,
}

/// Notes that an object is damaged. `false` when it is not in use.
pub async fn note(tx: &mut Tx<'_>, user: UserId, key: &str, now: Timestamp) -> Result<bool> {
    let sql = "update archive_objects set damaged_at = coalesce(damaged_at, $3) where user_id = $1 and key = $2 and state = 'active'";
    let done = sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that an object is whole.
pub async fn clear(tx: &mut Tx<'_>, user: UserId, key: &str) -> Result<()> {
    let sql = "update archive_objects set damaged_at = null where user_id = $1 and key = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Everybody's damaged objects whose names come after `after`, in the order of their names, at most
/// `limit`.
pub async fn listed(
    connection: &mut AnyConnection,
    after: &str,
    limit: i64,
) -> Result<Vec<DamagedObject>> {
    let sql = "select key, sha256, entries from archive_objects where damaged_at is not null and state = 'active' and key > $1 \
               order by key limit $2";
    Ok(sqlx::query_as(sql)
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?)
}

/// A person's object that is damaged, in one conversation or in all.
pub async fn of_user(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<Option<String>> {
    let asked = Conditions::from(2).and("conversation_id = ?", conversation);
    let sql = format!(
        "select key from archive_objects where damaged_at is not null and state = 'active' and user_id = $1{} order by key limit 1",
        asked.sql
    );
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    Ok(asked
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_optional(connection)
        .await?)
}

/// How many of everybody's objects are damaged.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    let sql =
        "select count(*) from archive_objects where damaged_at is not null and state = 'active'";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
