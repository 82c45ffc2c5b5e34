//! The newest revision of each owner's feed.

use super::{Result, parse_column, placeholders};
use crate::domain::ids::UserId;
use sqlx::AnyConnection;

/// The range of an owner's revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Head {
    /// The newest revision; 0 before the first.
    pub head: i64,
    /// Cursors below it are no longer valid.
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

/// Locks the owner's row; creates it before the owner's first change.
pub(super) async fn lock(connection: &mut AnyConnection, user: UserId) -> Result<()> {
    let sql = "insert into heads (user_id, head, floor) values ($1, 0, 0) on conflict (user_id) \
               do update set head = heads.head";
    sqlx::query(sql)
        .bind(user.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Raises the owner's newest revision to `rev` if it is lower.
pub async fn raise(connection: &mut AnyConnection, user: UserId, rev: i64) -> Result<()> {
    let sql = "insert into heads (user_id, head, floor) values ($1, $2, 0) \
               on conflict (user_id) do update set head = excluded.head where heads.head < \
               excluded.head";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(rev)
        .execute(connection)
        .await?;
    Ok(())
}

/// The newest revisions of `users`; users without one are missing.
pub async fn find_many(
    connection: &mut AnyConnection,
    users: &[UserId],
) -> Result<Vec<(UserId, i64)>> {
    const BATCH_SIZE: usize = 500;
    let mut found = Vec::with_capacity(users.len());
    for users in users.chunks(BATCH_SIZE) {
        let list = placeholders(1, 1, users.len(), "");
        let sql = sqlx::AssertSqlSafe(format!(
            "select user_id, head from heads where user_id in {list}"
        ));
        let query = users
            .iter()
            .fold(sqlx::query_as::<_, (String, i64)>(sql), |query, user| {
                query.bind(user.to_string())
            });
        for (user, head) in query.fetch_all(&mut *connection).await? {
            found.push((parse_column("user_id", &user)?, head));
        }
    }
    Ok(found)
}

/// The owner's range of revisions.
pub async fn find(connection: &mut AnyConnection, user: UserId) -> Result<Head> {
    let sql = "select head, floor from heads where user_id = $1";
    Ok(sqlx::query_as(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .unwrap_or_default())
}
