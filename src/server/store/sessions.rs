//! Sessions of signed-in browsers, by the SHA-256 of their token.

use super::{Result, parse_column};
use crate::{
    domain::{ids::UserId, time::Timestamp},
    server::base::masking::mask,
};
use sqlx::AnyConnection;

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Hex SHA-256 of the token in the cookie.
    pub token_hash: String,
    /// The owner.
    pub user_id: UserId,
    /// The identity provider that started it; `None` for a password.
    pub provider: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// Time of the last use, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// When its user last gave the password or signed in with the provider; `None`: unknown.
    pub confirmed_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    token_hash: String,
    user_id: String,
    provider: Option<String>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    confirmed_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct UserSessionRow {
    #[sqlx(flatten)]
    session: SessionRow,
    user_agent: String,
}

impl SessionRow {
    fn read(self) -> Result<Session> {
        Ok(Session {
            token_hash: self.token_hash,
            user_id: parse_column("user_id", &self.user_id)?,
            provider: self.provider,
            created_at: Timestamp::from_millis(self.created_at),
            last_seen_at: Timestamp::from_millis(self.last_seen_at),
            expires_at: Timestamp::from_millis(self.expires_at),
            confirmed_at: self.confirmed_at.map(Timestamp::from_millis),
        })
    }
}

/// Adds a session.
pub async fn insert(
    connection: &mut AnyConnection,
    session: &Session,
    user_agent: &str,
) -> Result<()> {
    let sql = "insert into sessions (token_hash, user_id, user_agent, created_at, last_seen_at, \
               expires_at, provider, confirmed_at) values ($1, $2, $3, $4, $4, $5, $6, $7)";
    let query = sqlx::query(sql)
        .bind(&session.token_hash)
        .bind(session.user_id.to_string())
        .bind(mask(user_agent).0);
    let query = query
        .bind(session.last_seen_at.millis())
        .bind(session.expires_at.millis());
    query
        .bind(&session.provider)
        .bind(session.confirmed_at.map(Timestamp::millis))
        .execute(connection)
        .await?;
    Ok(())
}

/// The session with this token, unless it has expired.
pub async fn by_token(
    connection: &mut AnyConnection,
    now: Timestamp,
    token_hash: &str,
) -> Result<Option<Session>> {
    let sql = "select token_hash, user_id, provider, created_at, last_seen_at, expires_at, \
               confirmed_at from sessions where token_hash = $1 and expires_at > $2";
    let row: Option<SessionRow> = sqlx::query_as(sql)
        .bind(token_hash)
        .bind(now.millis())
        .fetch_optional(connection)
        .await?;
    row.map(SessionRow::read).transpose()
}

/// Records a use and extends the session.
pub async fn extend(connection: &mut AnyConnection, session: &Session) -> Result<()> {
    let sql = "update sessions set last_seen_at = $3, expires_at = $4 where user_id = $1 and \
               token_hash = $2";
    let query = sqlx::query(sql)
        .bind(session.user_id.to_string())
        .bind(&session.token_hash);
    query
        .bind(session.last_seen_at.millis())
        .bind(session.expires_at.millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// Records that the user proved at `at` who they are. Returns whether the user has this session.
pub async fn confirm(
    connection: &mut AnyConnection,
    user: UserId,
    token_hash: &str,
    at: Timestamp,
) -> Result<bool> {
    let sql = "update sessions set confirmed_at = $3 where user_id = $1 and token_hash = $2";
    let query = sqlx::query(sql).bind(user.to_string()).bind(token_hash);
    let done = query.bind(at.millis()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes one session.
pub async fn delete(connection: &mut AnyConnection, user: UserId, token_hash: &str) -> Result<()> {
    let sql = "delete from sessions where user_id = $1 and token_hash = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(token_hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes all sessions of a user.
pub async fn delete_all(connection: &mut AnyConnection, user: UserId) -> Result<()> {
    sqlx::query("delete from sessions where user_id = $1")
        .bind(user.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes sessions whose sign-in method is no longer configured: password sessions without
/// `passwords`, and those of providers other than `issuer`.
pub async fn delete_impossible(
    connection: &mut AnyConnection,
    passwords: bool,
    issuer: Option<&str>,
) -> Result<u64> {
    let sql = "delete from sessions where (provider is null and $1 = 0) or (provider is not null \
               and provider <> $2)";
    let query = sqlx::query(sql)
        .bind(i64::from(passwords))
        .bind(issuer.unwrap_or_default());
    Ok(query.execute(connection).await?.rows_affected())
}

/// A user's sessions with their user agents, most recently used first.
pub async fn of_user(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
) -> Result<Vec<(Session, String)>> {
    let sql = "select token_hash, user_id, provider, created_at, last_seen_at, expires_at, \
               confirmed_at, user_agent from sessions where user_id = $1 and expires_at > $2 \
               order by last_seen_at desc, token_hash limit 200";
    let rows: Vec<UserSessionRow> = sqlx::query_as(sql)
        .bind(user.to_string())
        .bind(now.millis())
        .fetch_all(connection)
        .await?;
    let read = |row: UserSessionRow| Ok((row.session.read()?, row.user_agent));
    rows.into_iter().map(read).collect()
}

/// Deletes all sessions of a user but one.
pub async fn delete_others(
    connection: &mut AnyConnection,
    user: UserId,
    token_hash: &str,
) -> Result<()> {
    let sql = "delete from sessions where user_id = $1 and token_hash <> $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(token_hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes expired sessions.
pub async fn delete_expired(connection: &mut AnyConnection, now: Timestamp) -> Result<u64> {
    Ok(sqlx::query("delete from sessions where expires_at <= $1")
        .bind(now.millis())
        .execute(connection)
        .await?
        .rows_affected())
}
