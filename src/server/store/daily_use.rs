//! What people used today of what costs money. Every process counts here, so a limit holds over all
//! of them.

use super::Result;
use crate::domain::{ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// What a person used in a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct DailyUse {
    /// Tokens, read and written.
    pub tokens: i64,
    /// Bytes of files that were sent.
    pub upload_bytes: i64,
}

/// What a person used on the day of `now`.
pub async fn of(connection: &mut AnyConnection, now: Timestamp, user: UserId) -> Result<DailyUse> {
    let sql = "select tokens, upload_bytes from daily_use where user_id = $1 and day = $2";
    Ok(sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(now.day())
        .fetch_optional(connection)
        .await?
        .unwrap_or_default())
}

/// Adds to what a person used on the day of `now`, and returns the sum.
pub async fn add(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    more: DailyUse,
) -> Result<DailyUse> {
    let sql = "insert into daily_use (user_id, day, tokens, upload_bytes) values ($1, $2, $3, $4) on conflict (user_id, day) do update \
               set tokens = daily_use.tokens + excluded.tokens, upload_bytes = daily_use.upload_bytes + excluded.upload_bytes \
               returning tokens, upload_bytes";
    let query = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(now.day())
        .bind(more.tokens)
        .bind(more.upload_bytes);
    Ok(query.fetch_one(connection).await?)
}

/// Forgets days before `day`.
pub async fn delete_before(connection: &mut AnyConnection, day: i64) -> Result<()> {
    sqlx::query("delete from daily_use where day < $1")
        .bind(day)
        .execute(connection)
        .await?;
    Ok(())
}
