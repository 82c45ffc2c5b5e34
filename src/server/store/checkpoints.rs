//! Checkpoints of SQLite's write-ahead log. By itself SQLite has the writer that fills the log copy
//! it into the database, while everybody else who writes waits; here that is done beside them. What
//! was deleted lies in the log until it is cut off.

use super::{Result, Store, backend::BUSY_TIMEOUT_MS};
use sqlx::Row;
use std::time::Duration;

/// After so many commits it is looked how long the log is.
pub(super) const COMMITS: u64 = 64;
/// A log of so many pages is copied and begun anew, long before a writer would do it. Fewer would
/// be copied more often, and a page that changed twice would be copied twice.
const LONG: i64 = 8_000;
/// Passive tries, as writers go on meanwhile; the last step, which holds them up, then has little
/// left.
const TRIES: usize = 4;
/// After so long what was deleted is cut off, with what others deleted since. Tests do not wait.
const CUT_AFTER: Duration = if cfg!(test) {
    Duration::ZERO
} else {
    Duration::from_secs(10)
};
/// Cuts of one request; a reader may hold each up.
const CUTS: usize = 50;
const BETWEEN_CUTS: Duration = Duration::from_millis(100);
/// Free pages given back in one transaction.
const PAGES: i64 = 256;

impl Store {
    /// Keeps the log short and free of what was deleted, for ever. On PostgreSQL, which does that
    /// itself, there is nothing to do.
    pub async fn tend_log(&self) {
        tokio::join!(
            self.write_log_when_filled(),
            self.cut_log_when_text_is_left()
        );
    }

    async fn write_log_when_filled(&self) {
        loop {
            self.inner.log_filled.notified().await;
            if let Err(error) = self.write_long_log().await {
                tracing::warn!(%error, "the database's log could not be written into it yet; it is tried again");
            }
        }
    }

    async fn cut_log_when_text_is_left(&self) {
        loop {
            self.inner.text_left.notified().await;
            tokio::time::sleep(CUT_AFTER).await;
            let cut = self.cut_log().await;
            if let Err(error) = &cut {
                tracing::warn!(%error, "what was deleted could not be cut off the database's log yet; it is tried again");
            }
            if !matches!(cut, Ok(true)) {
                tokio::time::sleep(BETWEEN_CUTS).await;
                self.inner.text_left.notify_one();
            }
        }
    }

    async fn write_long_log(&self) -> Result<()> {
        let (pages, _) = self.checkpoint("noop").await?;
        if pages >= LONG {
            self.begin_log_anew("restart").await?;
        }
        Ok(())
    }

    async fn write_log(&self) -> Result<()> {
        for _ in 0..TRIES {
            let (pages, written) = self.checkpoint("passive").await?;
            if written == pages {
                break;
            }
        }
        Ok(())
    }

    /// Pages in the log, and how many of them are written into the database.
    async fn checkpoint(&self, how: &str) -> Result<(i64, i64)> {
        let sql = sqlx::AssertSqlSafe(format!("pragma wal_checkpoint({how})"));
        let (_, pages, written): (i64, i64, i64) =
            sqlx::query_as(sql).fetch_one(&self.inner.readers).await?;
        Ok((pages, written))
    }

    /// Writes SQLite's log into the database and cuts it off. Who writes waits for the cut alone,
    /// and for nobody who reads: `false` when somebody still reads what lies in the log.
    pub async fn cut_log(&self) -> Result<bool> {
        self.begin_log_anew("truncate").await
    }

    /// Writes the log into the database, the last of it while nobody else writes, and has the next
    /// who does begin it anew. `false` when somebody still reads what lies in it.
    async fn begin_log_anew(&self, how: &str) -> Result<bool> {
        self.write_log().await?;
        let sql = format!(
            "pragma busy_timeout = 0; pragma wal_checkpoint({how}); pragma busy_timeout = {BUSY_TIMEOUT_MS}"
        );
        let told = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.inner.writers)
            .await?;
        // of three columns whether it was held up is the first
        let held_up = told
            .iter()
            .filter(|row| row.len() == 3)
            .map(|row| row.try_get::<i64, _>(0))
            .collect::<sqlx::Result<Vec<_>>>()?;
        Ok(held_up == [0])
    }

    /// Gives pages back that are free, some at a time, and cuts off the log. Nothing to do on
    /// PostgreSQL, whose own vacuum does it.
    pub async fn shrink(&self) -> Result<()> {
        if !self.is_single_process() {
            return Ok(());
        }
        let vacuum = format!("pragma incremental_vacuum({PAGES})");
        let (mut free, mut left) = (i64::MAX, self.free_pages().await?);
        // a file that was not made to give pages back gives none
        while 0 < left && left < free {
            sqlx::query(sqlx::AssertSqlSafe(vacuum.as_str()))
                .fetch_all(&self.inner.writers)
                .await?;
            (free, left) = (left, self.free_pages().await?);
        }
        for _ in 0..CUTS {
            if self.cut_log().await? {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_CUTS).await;
        }
        self.inner.text_left.notify_one();
        Ok(())
    }

    async fn free_pages(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("pragma freelist_count")
            .fetch_one(&self.inner.readers)
            .await?)
    }
}
