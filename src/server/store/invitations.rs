//! Open invitations, one per address, by the SHA-256 of their secret.

use super::Result;
use crate::domain::{Invitation, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

#[derive(sqlx::FromRow)]
struct InvitationRow {
    email: String,
    admin: i64,
    resets_password: i64,
    invited_by: Option<String>,
    expires_at: i64,
}

impl InvitationRow {
    fn read(self) -> Invitation {
        let expires_at = Timestamp::from_millis(self.expires_at);
        Invitation {
            email: self.email,
            is_admin: self.admin != 0,
            resets_password: self.resets_password != 0,
            invited_by: self.invited_by,
            expires_at,
        }
    }
}

/// Adds an invitation, replacing one for the same address. `by` is `None` for the command line.
pub async fn upsert(
    connection: &mut AnyConnection,
    now: Timestamp,
    by: Option<UserId>,
    new: &Invitation,
    token_hash: &str,
) -> Result<()> {
    let sql = "insert into invitations (email, token_hash, admin, invited_by, created_at, \
               expires_at, resets_password) values ($1, $2, $3, $4, $5, $6, $7) \
               on conflict (email) do update set token_hash = excluded.token_hash, admin = \
               excluded.admin, \
               invited_by = excluded.invited_by, created_at = excluded.created_at, expires_at = \
               excluded.expires_at, resets_password = excluded.resets_password";
    let query = sqlx::query(sql)
        .bind(&new.email)
        .bind(token_hash)
        .bind(i64::from(new.is_admin))
        .bind(by.map(|by| by.to_string()));
    query
        .bind(now.millis())
        .bind(new.expires_at.millis())
        .bind(i64::from(new.resets_password))
        .execute(connection)
        .await?;
    Ok(())
}

/// The open invitation with this secret.
pub async fn by_token(
    connection: &mut AnyConnection,
    now: Timestamp,
    token_hash: &str,
) -> Result<Option<Invitation>> {
    let sql = "select i.email, i.admin, i.resets_password, u.email as invited_by, i.expires_at \
               from invitations i left join users u on u.id = i.invited_by \
               where i.token_hash = $1 and i.expires_at > $2";
    let row: Option<InvitationRow> = sqlx::query_as(sql)
        .bind(token_hash)
        .bind(now.millis())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(InvitationRow::read))
}

/// Consumes the open invitation with this secret. Of concurrent calls one returns `true`.
pub async fn take(
    connection: &mut AnyConnection,
    now: Timestamp,
    token_hash: &str,
) -> Result<bool> {
    let sql = "delete from invitations where token_hash = $1 and expires_at > $2";
    let taken = sqlx::query(sql)
        .bind(token_hash)
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Open invitations, newest first, at most `limit`.
pub async fn open(
    connection: &mut AnyConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Invitation>> {
    let sql = "select i.email, i.admin, i.resets_password, u.email as invited_by, i.expires_at \
               from invitations i left join users u on u.id = i.invited_by \
               where i.expires_at > $1 order by i.created_at desc, i.email limit $2";
    let rows: Vec<InvitationRow> = sqlx::query_as(sql)
        .bind(now.millis())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(InvitationRow::read).collect())
}

/// Withdraws an invitation. Returns `false` if there is none for this address.
pub async fn withdraw(connection: &mut AnyConnection, email: &str) -> Result<bool> {
    let deleted = sqlx::query("delete from invitations where email = $1")
        .bind(email)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Withdraws all invitations of a user who may no longer invite.
pub async fn withdraw_all_of(connection: &mut AnyConnection, by: UserId) -> Result<()> {
    sqlx::query("delete from invitations where invited_by = $1")
        .bind(by.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes expired invitations.
pub async fn delete_expired(connection: &mut AnyConnection, now: Timestamp) -> Result<()> {
    sqlx::query("delete from invitations where expires_at <= $1")
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(())
}
