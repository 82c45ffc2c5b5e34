//! Copies of the database: a backup while the server runs, and a restored one made ready.

use super::{Result, Store, StoreError, meta};

impl Store {
    /// Copies the whole database into a new file, as it is at one moment, while others go on writing. SQLite only.
    pub async fn backup(&self, file: &str) -> Result<()> {
        if !self.is_single_process() {
            return Err(StoreError::Unusable(
                "a PostgreSQL database is backed up with pg_dump".into(),
            ));
        }
        sqlx::query("vacuum into $1")
            .bind(file)
            .execute(&self.inner.readers)
            .await?;
        Ok(())
    }

    /// Gives a restored database a life of its own: cursors that readers still hold are not continued in it. The store is to
    /// be opened anew.
    pub async fn begin_new_epoch(&self) -> Result<()> {
        meta::forget_epoch(&self.inner.writers).await
    }
}
