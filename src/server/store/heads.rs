//! How far each owner's feed has come.

use super::{Result, marks, parsed};
use crate::domain::ids::UserId;
use sqlx::AnyConnection;

/// Where an owner's feed begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Head {
    /// The newest revision; 0 before the first.
    pub head: i64,
    /// Cursors below it cannot be continued.
    pub floor: i64,
}

/// Takes the owner's next revision and locks the owner's row.
pub(super) async fn advance(connection: &mut AnyConnection, user: UserId) -> Result<i64> {
    let sql = "insert into heads (user_id, head, floor) values ($1, 1, 0) \
               on conflict (user_id) do update set head = heads.head + 1 returning head";
    Ok(sqlx::query_scalar(sql)
        .bind(user.to_string())
        .fetch_one(connection)
        .await?)
}

/// Locks the owner's row; the first change of an owner makes it.
pub(super) async fn lock(connection: &mut AnyConnection, user: UserId) -> Result<()> {
    let sql = "insert into heads (user_id, head, floor) values ($1, 0, 0) on conflict (user_id) do update set head = heads.head";
    sqlx::query(sql)
        .bind(user.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Raises the owner's newest revision to `rev`, where it is lower.
pub async fn raise(connection: &mut AnyConnection, user: UserId, rev: i64) -> Result<()> {
    let sql = "insert into heads (user_id, head, floor) values ($1, $2, 0) \
               on conflict (user_id) do update set head = excluded.head where heads.head < excluded.head";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(rev)
        .execute(connection)
        .await?;
    Ok(())
}

/// The newest revision of each of these people who has one.
pub async fn of_many(
    connection: &mut AnyConnection,
    people: &[UserId],
) -> Result<Vec<(UserId, i64)>> {
    const AT_ONCE: usize = 500;
    let mut found = Vec::with_capacity(people.len());
    for people in people.chunks(AT_ONCE) {
        let places = marks(1, 1, people.len(), "");
        let sql = sqlx::AssertSqlSafe(format!(
            "select user_id, head from heads where user_id in {places}"
        ));
        let query = people
            .iter()
            .fold(sqlx::query_as::<_, (String, i64)>(sql), |query, user| {
                query.bind(user.to_string())
            });
        for (user, head) in query.fetch_all(&mut *connection).await? {
            found.push((parsed("user_id", &user)?, head));
        }
    }
    Ok(found)
}

/// Where the owner's feed stands.
pub async fn of(connection: &mut AnyConnection, user: UserId) -> Result<Head> {
    let sql = "select head, floor from heads where user_id = $1";
    Ok(sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .unwrap_or_default())
}
