//! Tombstones of deleted rows, for readers that were offline.

use super::{Result, Tx, parse_column};
use crate::domain::{Removed, RemovedKind, ids::UserId, time::Timestamp};
use sqlx::AnyConnection;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
pub(super) struct RemovedRow {
    rev: i64,
    kind: String,
    id: String,
}

impl RemovedRow {
    pub(super) fn read(self) -> Result<Removed> {
        Ok(Removed {
            kind: parse_column("kind", &self.kind)?,
            id: parse_column("id", &self.id)?,
            rev: self.rev,
        })
    }
}

/// The newest revision of the user's tombstones; 0 if there is none, `None` if the user does not
/// exist.
pub async fn newest(connection: &mut AnyConnection, user: UserId) -> Result<Option<i64>> {
    let sql = "select coalesce((select max(rev) from removed where user_id = $1), 0) from users \
               where id = $1";
    Ok(sqlx::query_scalar(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?)
}

/// Records a deletion under a revision of its own.
pub async fn record(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
    kind: RemovedKind,
    id: Uuid,
) -> Result<()> {
    let rev = tx.next_rev(user).await?;
    let sql =
        "insert into removed (user_id, rev, kind, id, removed_at) values ($1, $2, $3, $4, $5)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(rev)
        .bind(kind.as_str())
        .bind(id.to_string());
    query.bind(now.millis()).execute(&mut **tx).await?;
    Ok(())
}
