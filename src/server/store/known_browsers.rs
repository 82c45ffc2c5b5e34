//! Browsers that signed in to an account with its password, by the SHA-256 of their cookie.

use super::Result;
use crate::domain::{ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// The most that are kept for an account.
const MAX_BROWSERS: i64 = 20;

/// Records a browser, and forgets those of the account that were used longest ago.
pub async fn record(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    token_hash: &str,
) -> Result<()> {
    let sql = "insert into known_browsers (user_id, token_hash, seen_at) values ($1, $2, $3) \
               on conflict (user_id, token_hash) do update set seen_at = excluded.seen_at";
    let query = sqlx::query(sql).bind(user.to_string()).bind(token_hash);
    query.bind(now.millis()).execute(&mut *connection).await?;
    let sql = "delete from known_browsers where user_id = $1 and token_hash not in \
               (select token_hash from known_browsers where user_id = $1 \
               order by seen_at desc, token_hash limit $2)";
    let query = sqlx::query(sql).bind(user.to_string()).bind(MAX_BROWSERS);
    query.execute(connection).await?;
    Ok(())
}

/// Whether this browser signed in to the account before.
pub async fn is_known(
    connection: &mut AnyConnection,
    user: UserId,
    token_hash: &str,
) -> Result<bool> {
    let sql = "select count(*) from known_browsers where user_id = $1 and token_hash = $2";
    let query = sqlx::query_scalar::<_, i64>(sql).bind(user.to_string());
    Ok(query.bind(token_hash).fetch_one(connection).await? > 0)
}

/// Forgets the browsers of an account.
pub async fn forget(connection: &mut AnyConnection, user: UserId) -> Result<()> {
    let query = sqlx::query("delete from known_browsers where user_id = $1");
    query.bind(user.to_string()).execute(connection).await?;
    Ok(())
}
