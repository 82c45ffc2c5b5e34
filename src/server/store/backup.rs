//! Copies of the database: a backup while the server runs, and a restored one made ready.

use super::{Result, Store, StoreError, meta};

impl Store {
    /// Copies the whole database into a new file, as it is at one moment, while others go on writing. SQLite only.
    pub async fn backup(&self, file: &str) -> Result<()> {
        if !self.is_single_process() {
            return Err(StoreError::Unusable("a PostgreSQL database is backed up with pg_dump".into()));
        }
        sqlx::query("vacuum into $1").bind(file).execute(&self.inner.readers).await?;
        Ok(())
    }

    /// Takes what was deleted out of the write-ahead log and gives its pages back. Nothing to do on PostgreSQL, whose own
    /// vacuum does it.
    pub async fn shrink(&self) -> Result<()> {
        if self.is_single_process() {
            for sql in ["pragma incremental_vacuum", "pragma wal_checkpoint(truncate)"] {
                sqlx::query(sql).fetch_all(&self.inner.writers).await?;
            }
        }
        Ok(())
    }

    /// Gives a restored database a life of its own: cursors that readers still hold are not continued in it. The store is to
    /// be opened anew.
    pub async fn begin_new_epoch(&self) -> Result<()> {
        meta::forget_epoch(&self.inner.writers).await
    }
}
