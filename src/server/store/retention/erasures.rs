//! Erasures requested by users, by the SHA-256 of the erased id. They are applied again after a
//! backup is restored.

use crate::{
    domain::time::Timestamp,
    server::store::{Result, Tx},
};
use sqlx::AnyConnection;

/// The kind of an erased thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureKind {
    /// An entry.
    Entry,
    /// A conversation.
    Conversation,
    /// An account.
    Account,
}

impl ErasureKind {
    /// The stored name, also used in the erasure log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Conversation => "conversation",
            Self::Account => "account",
        }
    }
}

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The name of its [`ErasureKind`].
    pub kind: String,
    /// Hex SHA-256 of the erased id.
    pub subject: String,
    /// When, in milliseconds since the epoch.
    pub erased_at: i64,
}

/// Records an erasure.
pub async fn record(tx: &mut Tx<'_>, now: Timestamp, kind: &str, subject: &str) -> Result<()> {
    let sql = "insert into erasures (kind, subject, erased_at) values ($1, $2, $3) on conflict do \
               nothing";
    sqlx::query(sql)
        .bind(kind)
        .bind(subject)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Erasures not yet in the archive's erasure log, oldest first, at most `limit`.
pub async fn unlogged(connection: &mut AnyConnection, limit: i64) -> Result<Vec<Erasure>> {
    let sql = "select kind, subject, erased_at from erasures where mirrored_at is null order by \
               erased_at, subject limit $1";
    Ok(sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await?)
}

/// Marks all erasures to be written to the erasure log again.
pub async fn mark_all_unlogged(tx: &mut Tx<'_>) -> Result<()> {
    sqlx::query("update erasures set mirrored_at = null where mirrored_at is not null")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Records that erasures are in the erasure log.
pub async fn mark_logged(tx: &mut Tx<'_>, now: Timestamp, erasures: &[Erasure]) -> Result<()> {
    for erasure in erasures {
        let sql = "update erasures set mirrored_at = $3 where kind = $1 and subject = $2";
        sqlx::query(sql)
            .bind(&erasure.kind)
            .bind(&erasure.subject)
            .bind(now.millis())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
