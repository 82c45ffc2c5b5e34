//! API keys, by their public id; of the secret only the SHA-256 is kept.

use super::{Result, parsed};
use crate::domain::{ApiKey, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// A key in force with what is needed to check its secret.
pub struct KeyRecord {
    /// Whose it is.
    pub user_id: UserId,
    /// The public part.
    pub id: String,
    /// Hex SHA-256 of the secret.
    pub secret_hash: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    user_id: String,
    id: String,
    name: String,
    secret_hash: String,
    created_at: i64,
    last_used_at: Option<i64>,
}

/// Adds a key.
pub async fn insert(
    connection: &mut AnyConnection,
    user: UserId,
    key: &ApiKey,
    secret_hash: &str,
) -> Result<()> {
    let sql = "insert into api_keys (user_id, id, name, secret_hash, created_at) values ($1, $2, $3, $4, $5)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(&key.id)
        .bind(&key.name)
        .bind(secret_hash);
    query
        .bind(key.created_at.millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// The key with this public id, if it is in force.
pub async fn by_id(connection: &mut AnyConnection, id: &str) -> Result<Option<KeyRecord>> {
    let sql = "select user_id, id, name, secret_hash, created_at, last_used_at from api_keys where id = $1 and revoked_at is null";
    let row: Option<KeyRow> = sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        let last_used_at = row.last_used_at.map(Timestamp::from_millis);
        Ok(KeyRecord {
            user_id: parsed("user_id", &row.user_id)?,
            id: row.id,
            secret_hash: row.secret_hash,
            last_used_at,
        })
    })
    .transpose()
}

/// A person's keys in force, newest first.
pub async fn of_user(connection: &mut AnyConnection, user: UserId) -> Result<Vec<ApiKey>> {
    let sql = "select user_id, id, name, secret_hash, created_at, last_used_at from api_keys \
               where user_id = $1 and revoked_at is null order by created_at desc, id";
    let rows: Vec<KeyRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    let read = |row: KeyRow| ApiKey {
        id: row.id,
        name: row.name,
        created_at: Timestamp::from_millis(row.created_at),
        last_used_at: row.last_used_at.map(Timestamp::from_millis),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Notes that a key was used.
pub async fn touch(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    id: &str,
) -> Result<()> {
    let sql = "update api_keys set last_used_at = $3 where user_id = $1 and id = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(id)
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes a key out of force. `false` when there is no such key.
pub async fn revoke(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    id: &str,
) -> Result<bool> {
    let sql =
        "update api_keys set revoked_at = $3 where user_id = $1 and id = $2 and revoked_at is null";
    let revoked = sqlx::query(sql)
        .bind(user.to_string())
        .bind(id)
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Takes all keys of a person out of force.
pub async fn revoke_all(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
) -> Result<()> {
    let sql = "update api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(())
}
