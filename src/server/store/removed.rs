//! What is gone, for readers who were away.

use super::{Result, Tx, parsed};
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
            kind: parsed("kind", &self.kind)?,
            id: parsed("id", &self.id)?,
            rev: self.rev,
        })
    }
}

/// The revision under which something of a person's was last noted as gone, 0 before the first.
/// `None` when the person is gone.
pub async fn newest(connection: &mut AnyConnection, user: UserId) -> Result<Option<i64>> {
    let sql = "select coalesce((select max(rev) from removed where user_id = $1), 0) from users where id = $1";
    Ok(sqlx::query_scalar(sql)
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?)
}

/// Notes that something is gone, under a revision of its own.
pub async fn note(
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
