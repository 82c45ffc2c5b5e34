//! SQLite writes into a log, and the log into the database from time to time. By itself it lets whoever fills the log do that, while
//! everybody else who writes waits; here it is done beside them.

use super::{Result, Store};

/// After so many commits the log is written into the database.
pub(super) const COMMITS: u64 = 64;
/// What is written meanwhile is written too, so often at most: a log that is written whole begins anew.
const TRIES: usize = 4;

impl Store {
    /// Writes the log into the database whenever there is enough of it, for ever. On PostgreSQL, which does that itself, never.
    pub async fn checkpoint(&self) {
        loop {
            self.inner.log_filled.notified().await;
            if let Err(error) = self.write_log().await {
                tracing::warn!(%error, "the database's log could not be written into it yet; it is tried again");
            }
        }
    }

    async fn write_log(&self) -> Result<()> {
        for _ in 0..TRIES {
            let sql = "pragma wal_checkpoint(passive)";
            let (_, pages, written): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(&self.inner.readers).await?;
            if written == pages {
                break;
            }
        }
        Ok(())
    }
}
