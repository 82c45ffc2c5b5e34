//! People with an account.

use super::{Result, parsed};
use crate::{api::Account, ids::UserId, timestamp::Timestamp};
use sqlx::AnyConnection;

/// A person's account with what is needed to check a password.
pub struct UserRecord {
    /// The account as pages show it.
    pub account: Account,
    /// Argon2id in PHC form; `None` where the person cannot sign in by password.
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
        let account = Account { id: parsed("id", &self.id)?, email: self.email, is_admin: self.admin_since.is_some() };
        Ok(UserRecord { account, password_hash: self.password_hash })
    }
}

const COLUMNS: &str = "id, email, password_hash, admin_since";

/// Adds a person. `false` when the address is taken.
pub async fn insert(connection: &mut AnyConnection, now: Timestamp, account: &Account, password_hash: &str) -> Result<bool> {
    let sql =
        "insert into users (id, email, password_hash, admin_since, created_at) values ($1, $2, $3, $4, $5) on conflict (email) do nothing";
    let query = sqlx::query(sql).bind(account.id.to_string()).bind(&account.email).bind(password_hash);
    let added = query.bind(account.is_admin.then_some(now.millis())).bind(now.millis()).execute(connection).await?;
    Ok(added.rows_affected() == 1)
}

/// Waits until nobody else is making the first account, and keeps others waiting until the end of the transaction.
pub async fn lock_first(connection: &mut AnyConnection) -> Result<()> {
    let sql =
        "insert into meta (name, value) values ('first_account', 'asked for') on conflict (name) do update set value = excluded.value";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// Whether there is any account yet.
pub async fn any(connection: &mut AnyConnection) -> Result<bool> {
    Ok(sqlx::query_scalar::<_, i64>("select 1 from users limit 1").fetch_optional(connection).await?.is_some())
}

/// The person with this address, unless switched off.
pub async fn by_email(connection: &mut AnyConnection, email: &str) -> Result<Option<UserRecord>> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from users where email = $1 and disabled_at is null"));
    sqlx::query_as::<_, UserRow>(sql).bind(email).fetch_optional(connection).await?.map(UserRow::read).transpose()
}

/// The person with this id, unless switched off.
pub async fn by_id(connection: &mut AnyConnection, user: UserId) -> Result<Option<Account>> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from users where id = $1 and disabled_at is null"));
    let row = sqlx::query_as::<_, UserRow>(sql).bind(user.to_string()).fetch_optional(connection).await?;
    Ok(row.map(UserRow::read).transpose()?.map(|record| record.account))
}
