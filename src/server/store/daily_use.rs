//! Each user's daily use of limited resources, counted across all processes.

use super::Result;
use crate::domain::{ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// What a user used in one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct DailyUse {
    /// Input and output tokens.
    pub tokens: i64,
    /// Bytes of uploaded files.
    pub upload_bytes: i64,
}

/// What a user used on the day of `now`.
pub async fn on_day(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
) -> Result<DailyUse> {
    let sql = "select tokens, upload_bytes from daily_use where user_id = $1 and day = $2";
    Ok(sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(now.day())
        .fetch_optional(connection)
        .await?
        .unwrap_or_default())
}

/// Adds to a user's use on the day of `now`; returns the new sums.
pub async fn add(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    added: DailyUse,
) -> Result<DailyUse> {
    let sql = "insert into daily_use (user_id, day, tokens, upload_bytes) values ($1, $2, $3, $4) \
               on conflict (user_id, day) do update \
               set tokens = daily_use.tokens + excluded.tokens, upload_bytes = \
               daily_use.upload_bytes + excluded.upload_bytes \
               returning tokens, upload_bytes";
    let query = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(now.day())
        .bind(added.tokens)
        .bind(added.upload_bytes);
    Ok(query.fetch_one(connection).await?)
}

/// Deletes counts of days before `day`.
pub async fn delete_before(connection: &mut AnyConnection, day: i64) -> Result<()> {
    sqlx::query("delete from daily_use where day < $1")
        .bind(day)
        .execute(connection)
        .await?;
    Ok(())
}
