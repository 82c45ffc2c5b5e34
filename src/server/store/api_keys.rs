//! API keys, by their public id; only the SHA-256 of the secret is stored.

use super::{Result, parse_column, parse_optional};
use crate::{
    domain::{ApiKey, Scope, Scopes, ids::UserId, time::Timestamp},
    server::base::masking::mask,
};
use sqlx::AnyConnection;

/// An active key with the hash of its secret.
pub struct KeyRecord {
    /// The owner.
    pub user_id: UserId,
    /// The public id.
    pub id: String,
    /// Hex SHA-256 of the secret, which with scopes has the id before it.
    pub secret_hash: String,
    /// Its scopes; `None` for a key made before there were scopes.
    pub scopes: Option<Scopes>,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// Time of the last use, to the minute.
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
    scopes: Option<String>,
    expires_at: Option<i64>,
    /// Of the owner.
    admin_since: Option<i64>,
}

/// Columns of a [`KeyRow`].
const COLUMNS: &str = "user_id, id, name, secret_hash, created_at, last_used_at, scopes, \
                       expires_at, (select admin_since from users where users.id = \
                       api_keys.user_id) as admin_since";

/// Adds a key.
pub async fn insert(
    connection: &mut AnyConnection,
    user: UserId,
    key: &ApiKey,
    secret_hash: &str,
) -> Result<()> {
    let sql = "insert into api_keys (user_id, id, name, secret_hash, created_at, scopes, \
               expires_at) values ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(&key.id)
        .bind(mask(&key.name).0)
        .bind(secret_hash);
    query
        .bind(key.created_at.millis())
        .bind(key.scopes.to_string())
        .bind(key.expires_at.map(Timestamp::millis))
        .execute(connection)
        .await?;
    Ok(())
}

/// The active key with this public id.
pub async fn by_id(connection: &mut AnyConnection, id: &str) -> Result<Option<KeyRecord>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from api_keys where id = $1 and revoked_at is null"
    ));
    let row: Option<KeyRow> = sqlx::query_as(sql)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(KeyRecord {
            user_id: parse_column("user_id", &row.user_id)?,
            scopes: parse_optional("scopes", row.scopes.as_deref())?,
            id: row.id,
            secret_hash: row.secret_hash,
            expires_at: row.expires_at.map(Timestamp::from_millis),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
        })
    })
    .transpose()
}

/// A user's active keys, newest first.
pub async fn of_user(connection: &mut AnyConnection, user: UserId) -> Result<Vec<ApiKey>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from api_keys where user_id = $1 and revoked_at is null \
         order by created_at desc, id"
    ));
    let rows: Vec<KeyRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(KeyRow::read).collect()
}

impl KeyRow {
    fn read(self) -> Result<ApiKey> {
        let scopes: Option<Scopes> = parse_optional("scopes", self.scopes.as_deref())?;
        let before_scopes = if self.admin_since.is_some() {
            Scopes::BEFORE_SCOPES
        } else {
            Scopes::BEFORE_SCOPES.without(Scope::Admin)
        };
        Ok(ApiKey {
            id: self.id,
            name: self.name,
            scopes: scopes.unwrap_or(before_scopes),
            made_before_scopes: scopes.is_none(),
            created_at: Timestamp::from_millis(self.created_at),
            last_used_at: self.last_used_at.map(Timestamp::from_millis),
            expires_at: self.expires_at.map(Timestamp::from_millis),
        })
    }
}

/// Records a use of a key.
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

/// Revokes a key. Returns `false` if there is no such active key.
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

/// Revokes all keys of a user.
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
