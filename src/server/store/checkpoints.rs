//! Checkpoints of SQLite's write-ahead log (WAL). By default the writer that fills the log runs the
//! checkpoint while other writers wait; here it runs on a read connection. Deleted text stays in
//! the log until the log is truncated.

use super::{Result, Store, backend::BUSY_TIMEOUT_MS};
use sqlx::Row;
use std::time::Duration;

/// Commits between two checks of the log's length.
pub(super) const COMMITS_PER_CHECK: u64 = 64;
/// Log length in pages from which it is checkpointed and restarted, well below
/// `wal_autocheckpoint`. A lower value would copy pages that change repeatedly more often.
const MAX_LOG_PAGES: i64 = 8_000;
/// Passive checkpoints before the last one, which blocks writers. Writers continue meanwhile, so
/// that little remains for it.
const PASSIVE_ATTEMPTS: usize = 4;
/// Delay before the log is truncated after a deletion, to include deletions that follow. Zero in
/// tests.
const TRUNCATE_DELAY: Duration = if cfg!(test) {
    Duration::ZERO
} else {
    Duration::from_secs(10)
};
/// Attempts of one call to truncate; readers may block each.
const TRUNCATE_ATTEMPTS: usize = 50;
const TRUNCATE_RETRY_DELAY: Duration = Duration::from_millis(100);
/// Free pages released in one transaction.
const PAGES_PER_VACUUM: i64 = 256;

impl Store {
    /// Keeps the log short and free of deleted text, forever. Does nothing on PostgreSQL.
    pub async fn run_checkpoints(&self) {
        tokio::join!(self.checkpoint_when_due(), self.truncate_when_due());
    }

    async fn checkpoint_when_due(&self) {
        loop {
            self.inner.checkpoint_due.notified().await;
            if let Err(error) = self.checkpoint_if_long().await {
                tracing::warn!(%error, "cannot checkpoint the database log; retrying");
            }
        }
    }

    async fn truncate_when_due(&self) {
        loop {
            self.inner.truncation_due.notified().await;
            tokio::time::sleep(TRUNCATE_DELAY).await;
            let truncated = self.truncate_log().await;
            if let Err(error) = &truncated {
                tracing::warn!(%error, "cannot truncate the database log; retrying");
            }
            if !matches!(truncated, Ok(true)) {
                tokio::time::sleep(TRUNCATE_RETRY_DELAY).await;
                self.inner.truncation_due.notify_one();
            }
        }
    }

    async fn checkpoint_if_long(&self) -> Result<()> {
        let (pages, _) = self.checkpoint("noop").await?;
        if pages >= MAX_LOG_PAGES {
            self.reset_log("restart").await?;
        }
        Ok(())
    }

    async fn checkpoint_passively(&self) -> Result<()> {
        for _ in 0..PASSIVE_ATTEMPTS {
            let (pages, written) = self.checkpoint("passive").await?;
            if written == pages {
                break;
            }
        }
        Ok(())
    }

    /// Runs a checkpoint; returns the log's pages and how many of them are in the database file.
    async fn checkpoint(&self, mode: &str) -> Result<(i64, i64)> {
        let sql = sqlx::AssertSqlSafe(format!("pragma wal_checkpoint({mode})"));
        let (_, pages, written): (i64, i64, i64) =
            sqlx::query_as(sql).fetch_one(&self.inner.readers).await?;
        Ok((pages, written))
    }

    /// Copies SQLite's log into the database and truncates it. Writers wait for the truncation
    /// only. Returns `false` if a reader still uses the log.
    pub async fn truncate_log(&self) -> Result<bool> {
        self.reset_log("truncate").await
    }

    /// Copies the log into the database, the last part of it while writers are blocked, and resets
    /// it. Returns `false` if a reader still uses the log.
    async fn reset_log(&self, mode: &str) -> Result<bool> {
        self.checkpoint_passively().await?;
        let sql = format!(
            "pragma busy_timeout = 0; pragma wal_checkpoint({mode}); \
             pragma busy_timeout = {BUSY_TIMEOUT_MS}"
        );
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.inner.writers)
            .await?;
        // only the checkpoint returns three columns; the first says whether it was blocked
        let blocked = rows
            .iter()
            .filter(|row| row.len() == 3)
            .map(|row| row.try_get::<i64, _>(0))
            .collect::<sqlx::Result<Vec<_>>>()?;
        Ok(blocked == [0])
    }

    /// Returns free pages to the file system, in batches, and truncates the log. Does nothing on
    /// PostgreSQL, which vacuums itself.
    pub async fn vacuum(&self) -> Result<()> {
        if !self.is_single_process() {
            return Ok(());
        }
        let sql = format!("pragma incremental_vacuum({PAGES_PER_VACUUM})");
        let (mut before, mut free) = (i64::MAX, self.free_pages().await?);
        // a file created without auto_vacuum releases no pages
        while 0 < free && free < before {
            sqlx::query(sqlx::AssertSqlSafe(sql.as_str()))
                .fetch_all(&self.inner.writers)
                .await?;
            (before, free) = (free, self.free_pages().await?);
        }
        for _ in 0..TRUNCATE_ATTEMPTS {
            if self.truncate_log().await? {
                return Ok(());
            }
            tokio::time::sleep(TRUNCATE_RETRY_DELAY).await;
        }
        self.inner.truncation_due.notify_one();
        Ok(())
    }

    async fn free_pages(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("pragma freelist_count")
            .fetch_one(&self.inner.readers)
            .await?)
    }
}
