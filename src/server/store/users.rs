//! User accounts.

use super::{Result, Tx, parse_column};
use crate::domain::{Account, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

/// An account with its password hash.
pub struct UserRecord {
    /// The public part of the account.
    pub account: Account,
    /// Argon2id in PHC form; `None` if the user cannot sign in by password.
    pub password_hash: Option<String>,
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: String,
    email: String,
    password_hash: Option<String>,
    admin_since: Option<i64>,
}

impl UserRow {
    fn read(self) -> Result<UserRecord> {
        let account = Account {
            id: parse_column("id", &self.id)?,
            email: self.email,
            is_admin: self.admin_since.is_some(),
        };
        Ok(UserRecord {
            account,
            password_hash: self.password_hash,
        })
    }
}

const COLUMNS: &str = "id, email, password_hash, admin_since";

/// Adds a user. Returns `false` if the address is taken.
pub async fn insert(
    connection: &mut AnyConnection,
    now: Timestamp,
    account: &Account,
    password_hash: &str,
) -> Result<bool> {
    add(connection, now, account, Some(password_hash)).await
}

/// Adds a user who signs in with an identity provider. Returns `false` if the address is taken.
pub async fn insert_without_password(
    connection: &mut AnyConnection,
    now: Timestamp,
    account: &Account,
) -> Result<bool> {
    add(connection, now, account, None).await
}

async fn add(
    connection: &mut AnyConnection,
    now: Timestamp,
    account: &Account,
    password_hash: Option<&str>,
) -> Result<bool> {
    let sql = "insert into users (id, email, password_hash, admin_since, created_at) values ($1, \
               $2, $3, $4, $5) on conflict (email) do nothing";
    let query = sqlx::query(sql)
        .bind(account.id.to_string())
        .bind(&account.email)
        .bind(password_hash);
    let added = query
        .bind(account.is_admin.then_some(now.millis()))
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(added.rows_affected() == 1)
}

/// Changes a user's address. Returns `false` if it is taken.
pub async fn set_email(connection: &mut AnyConnection, user: UserId, email: &str) -> Result<bool> {
    let sql = "update users set email = $2 where id = $1 and not exists (select 1 from users u \
               where u.email = $2)";
    Ok(sqlx::query(sql)
        .bind(user.to_string())
        .bind(email)
        .execute(connection)
        .await?
        .rows_affected()
        == 1)
}

/// Serialises creating the first account; the lock lasts until the end of the transaction.
pub async fn lock_first_account(connection: &mut AnyConnection) -> Result<()> {
    let sql = "insert into meta (name, value) values ('first_account', 'asked for') on conflict \
               (name) do update set value = excluded.value";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// Whether there is any account.
pub async fn any(connection: &mut AnyConnection) -> Result<bool> {
    Ok(sqlx::query_scalar::<_, i64>("select 1 from users limit 1")
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// The enabled user with this address.
pub async fn by_email(connection: &mut AnyConnection, email: &str) -> Result<Option<UserRecord>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from users where email = $1 and disabled_at is null"
    ));
    sqlx::query_as::<_, UserRow>(sql)
        .bind(email)
        .fetch_optional(connection)
        .await?
        .map(UserRow::read)
        .transpose()
}

/// The enabled user with this id.
pub async fn by_id(connection: &mut AnyConnection, user: UserId) -> Result<Option<Account>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from users where id = $1 and disabled_at is null"
    ));
    let row = sqlx::query_as::<_, UserRow>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?;
    Ok(row
        .map(UserRow::read)
        .transpose()?
        .map(|record| record.account))
}

/// The ids of all users, including disabled ones.
pub async fn ids(connection: &mut AnyConnection) -> Result<Vec<UserId>> {
    let ids: Vec<String> = sqlx::query_scalar("select id from users order by id")
        .fetch_all(connection)
        .await?;
    ids.iter().map(|id| parse_column("id", id)).collect()
}

/// A user's password hash in PHC form; `None` if the user cannot sign in by password.
pub async fn password_hash(connection: &mut AnyConnection, user: UserId) -> Result<Option<String>> {
    let sql = "select password_hash from users where id = $1";
    Ok(sqlx::query_scalar::<_, Option<String>>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .flatten())
}

/// Deletes an account with all rows that refer to it: conversations, messages, entries, sessions,
/// keys, files.
pub async fn delete(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    tx.mark_text_deleted();
    sqlx::query("delete from users where id = $1")
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The user's numbers of conversations, messages, entries stored as rows, and files.
pub async fn content_counts(connection: &mut AnyConnection, user: UserId) -> Result<[i64; 4]> {
    let mut counts = [0; 4];
    for (count, table) in counts
        .iter_mut()
        .zip(["conversations", "messages", "work_logs", "files"])
    {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table} where user_id = $1"));
        *count = sqlx::query_scalar(sql)
            .bind(user.to_string())
            .fetch_one(&mut *connection)
            .await?;
    }
    Ok(counts)
}
