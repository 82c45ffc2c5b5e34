//! Active objects that are known to be damaged or missing.

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
    /// Its key.
    pub key: String,
    /// Hex SHA-256 of the expected bytes.
    pub sha256: String,
    /// Number of counted entries.
    pub entries: i64,
}

/// Records that an object is damaged. Returns `false` if it is not active.
pub async fn record(tx: &mut Tx<'_>, user: UserId, key: &str, now: Timestamp) -> Result<bool> {
    let sql = "update archive_objects set damaged_at = coalesce(damaged_at, $3) where user_id = \
               $1 and key = $2 and state = 'active'";
    let done = sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Records that an object is intact.
pub async fn clear(tx: &mut Tx<'_>, user: UserId, key: &str) -> Result<()> {
    let sql = "update archive_objects set damaged_at = null where user_id = $1 and key = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Damaged objects of all users with keys after `after`, ordered by key, at most `limit`.
pub async fn list(
    connection: &mut AnyConnection,
    after: &str,
    limit: i64,
) -> Result<Vec<DamagedObject>> {
    let sql = "select key, sha256, entries from archive_objects where damaged_at is not null and \
               state = 'active' and key > $1 order by key limit $2";
    Ok(sqlx::query_as(sql)
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
        .await?)
}

/// The key of a damaged object of the user, in one conversation or in all.
pub async fn of_user(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<Option<String>> {
    let conditions = Conditions::new(2).and("conversation_id = ?", conversation);
    let sql = format!(
        "select key from archive_objects where damaged_at is not null and state = 'active' and \
         user_id = $1{} order by key limit 1",
        conditions.sql
    );
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    Ok(conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_optional(connection)
        .await?)
}

/// Number of damaged objects of all users.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    let sql =
        "select count(*) from archive_objects where damaged_at is not null and state = 'active'";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
