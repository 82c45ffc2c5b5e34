//! What was erased on somebody's word, by the SHA-256 of its id. A backup that is restored does not
//! bring it back.

use crate::{
    domain::time::Timestamp,
    server::store::{Result, Tx},
};
use sqlx::AnyConnection;

/// What can be erased.
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
    /// Its word, in the list of erasures too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Conversation => "conversation",
            Self::Account => "account",
        }
    }
}

/// Something that was erased.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The word of its [`ErasureKind`].
    pub kind: String,
    /// Hex SHA-256 of its id.
    pub subject: String,
    /// When, in milliseconds since the epoch.
    pub erased_at: i64,
}

/// Notes an erasure.
pub async fn note(tx: &mut Tx<'_>, now: Timestamp, kind: &str, subject: &str) -> Result<()> {
    let sql = "insert into erasures (kind, subject, erased_at) values ($1, $2, $3) on conflict do nothing";
    sqlx::query(sql)
        .bind(kind)
        .bind(subject)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Erasures that are not in the archive's list yet, oldest first, at most `limit`.
pub async fn unmirrored(connection: &mut AnyConnection, limit: i64) -> Result<Vec<Erasure>> {
    let sql = "select kind, subject, erased_at from erasures where mirrored_at is null order by erased_at, subject limit $1";
    Ok(sqlx::query_as(sql)
        .bind(limit)
        .fetch_all(connection)
        .await?)
}

/// Has all of them written into the archive's list again.
pub async fn unmirror(tx: &mut Tx<'_>) -> Result<()> {
    sqlx::query("update erasures set mirrored_at = null where mirrored_at is not null")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that they are in the archive's list.
pub async fn mirrored(tx: &mut Tx<'_>, now: Timestamp, erasures: &[Erasure]) -> Result<()> {
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
