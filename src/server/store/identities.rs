//! Users' identities at identity providers.

use super::{Result, parse_column};
use crate::domain::{Account, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// An identity at a provider and its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderIdentity {
    /// The account.
    pub account: Account,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// Whether the account also has a password.
    pub has_password: bool,
    /// Whether the provider grants admin rights.
    pub grants_admin: bool,
    /// Tokens issued earlier are refused.
    pub tokens_from: Timestamp,
}

#[derive(sqlx::FromRow)]
struct IdentityRow {
    id: String,
    email: String,
    password_hash: Option<String>,
    admin_since: Option<i64>,
    disabled_at: Option<i64>,
    grants_admin: i64,
    tokens_from: i64,
}

impl IdentityRow {
    fn read(self) -> Result<ProviderIdentity> {
        Ok(ProviderIdentity {
            account: Account {
                id: parse_column("id", &self.id)?,
                email: self.email,
                is_admin: self.admin_since.is_some(),
            },
            disabled: self.disabled_at.is_some(),
            has_password: self.password_hash.is_some(),
            grants_admin: self.grants_admin != 0,
            tokens_from: Timestamp::from_millis(self.tokens_from),
        })
    }
}

/// The identity of `subject` at `issuer`; its account may be disabled.
pub async fn find(
    connection: &mut AnyConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<ProviderIdentity>> {
    let sql = "select u.id, u.email, u.password_hash, u.admin_since, u.disabled_at, \
               i.grants_admin, i.tokens_from \
               from identities i join users u on u.id = i.user_id where i.issuer = $1 and \
               i.subject = $2";
    let row = sqlx::query_as::<_, IdentityRow>(sql)
        .bind(issuer)
        .bind(subject)
        .fetch_optional(connection)
        .await?;
    row.map(IdentityRow::read).transpose()
}

/// Links an account to an identity. Returns `false` if the subject or the account is already linked
/// at this issuer.
pub async fn insert(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    issuer: &str,
    subject: &str,
) -> Result<bool> {
    let sql = "insert into identities (issuer, subject, user_id, grants_admin, tokens_from, \
               created_at) values ($1, $2, $3, 0, 0, $4) \
               on conflict do nothing";
    let query = sqlx::query(sql)
        .bind(issuer)
        .bind(subject)
        .bind(user.to_string())
        .bind(now.millis());
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Grants admin rights on behalf of the provider, or revokes them. The caller leaves rights granted
/// locally alone.
pub async fn set_admin(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
    issuer: &str,
    is_admin: bool,
) -> Result<()> {
    let sql = "update identities set grants_admin = $3 where user_id = $1 and issuer = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(issuer)
        .bind(i64::from(is_admin))
        .execute(&mut *connection)
        .await?;
    let sql = "update users set admin_since = $2 where id = $1";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(is_admin.then_some(now.millis()))
        .execute(connection)
        .await?;
    Ok(())
}

/// Refuses tokens issued to the user before `now`.
pub async fn refuse_earlier_tokens(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
) -> Result<()> {
    let sql = "update identities set tokens_from = $2 where user_id = $1";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(())
}
