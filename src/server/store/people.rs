//! User accounts as admins see and change them, without their content.

use super::{Result, parse_column};
use crate::domain::{Person, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: String,
    email: String,
    admin_since: Option<i64>,
    disabled_at: Option<i64>,
    created_at: i64,
    last_active_at: Option<i64>,
}

impl PersonRow {
    fn read(self) -> Result<Person> {
        Ok(Person {
            id: parse_column("id", &self.id)?,
            email: self.email,
            is_admin: self.admin_since.is_some(),
            is_disabled: self.disabled_at.is_some(),
            created_at: Timestamp::from_millis(self.created_at),
            last_active_at: self.last_active_at.map(Timestamp::from_millis),
        })
    }
}

const COLUMNS: &str = "id, email, admin_since, disabled_at, created_at, last_active_at";

/// Users whose address contains `part`, ordered by address, after `after`, at most `limit`.
pub async fn list(
    connection: &mut AnyConnection,
    part: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Person>> {
    let pattern = format!(
        "%{}%",
        part.replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
    );
    let sql = format!(
        "select {COLUMNS} from users where email like $1 escape '\\' and email > $2 order by \
         email limit $3"
    );
    let query = sqlx::query_as::<_, PersonRow>(sqlx::AssertSqlSafe(sql))
        .bind(pattern)
        .bind(after)
        .bind(limit);
    query
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(PersonRow::read)
        .collect()
}

/// One user, enabled or disabled.
pub async fn find(connection: &mut AnyConnection, user: UserId) -> Result<Option<Person>> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from users where id = $1"));
    sqlx::query_as::<_, PersonRow>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .map(PersonRow::read)
        .transpose()
}

/// The user with this address, enabled or disabled.
pub async fn by_email(connection: &mut AnyConnection, email: &str) -> Result<Option<Person>> {
    let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from users where email = $1"));
    sqlx::query_as::<_, PersonRow>(sql)
        .bind(email)
        .fetch_optional(connection)
        .await?
        .map(PersonRow::read)
        .transpose()
}

/// Makes a user an admin since `since`, or revokes it.
pub async fn set_admin(
    connection: &mut AnyConnection,
    user: UserId,
    since: Option<Timestamp>,
) -> Result<()> {
    let sql = "update users set admin_since = $2 where id = $1";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(since.map(Timestamp::millis))
        .execute(connection)
        .await?;
    Ok(())
}

/// Disables a user at `at`, or enables the user.
pub async fn set_disabled(
    connection: &mut AnyConnection,
    user: UserId,
    at: Option<Timestamp>,
) -> Result<()> {
    let sql = "update users set disabled_at = $2 where id = $1";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(at.map(Timestamp::millis))
        .execute(connection)
        .await?;
    Ok(())
}

/// Sets a user's password hash, in PHC form.
pub async fn set_password(connection: &mut AnyConnection, user: UserId, hash: &str) -> Result<()> {
    let sql = "update users set password_hash = $2 where id = $1";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Records the time of a user's last activity.
pub async fn note_active(
    connection: &mut AnyConnection,
    now: Timestamp,
    user: UserId,
) -> Result<()> {
    let sql = "update users set last_active_at = $2 where id = $1";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(now.millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a user exists and is enabled.
pub async fn is_enabled(connection: &mut AnyConnection, user: UserId) -> Result<bool> {
    let sql = "select 1 from users where id = $1 and disabled_at is null";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// Serialises changes of admin rights; the lock lasts until the end of the transaction.
pub async fn lock_admins(connection: &mut AnyConnection) -> Result<()> {
    let sql = "insert into meta (name, value) values ('admins', 'changed') on conflict (name) do \
               update set value = excluded.value";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// Whether there is another enabled admin.
pub async fn is_another_admin(connection: &mut AnyConnection, user: UserId) -> Result<bool> {
    let sql = "select 1 from users where id <> $1 and admin_since is not null and disabled_at is \
               null limit 1";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// Whether there is any other user.
pub async fn is_another_user(connection: &mut AnyConnection, user: UserId) -> Result<bool> {
    let sql = "select 1 from users where id <> $1 limit 1";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}
