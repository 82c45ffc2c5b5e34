//! Copies of the database: a backup while the server runs, one before migrations, and preparing a
//! restored one.

use super::{Result, Store, meta};
use crate::server::base::error::StoreError;
use sqlx::{AnyConnection, Connection};
use std::path::Path;
use tokio::fs::{self, File, OpenOptions};

impl Store {
    /// Copies a snapshot of the database into a new file while writes continue. SQLite only.
    pub async fn backup(&self, file: &str) -> Result<()> {
        if !self.is_single_process() {
            return Err(StoreError::Unusable(
                "use pg_dump to back up a PostgreSQL database".into(),
            ));
        }
        sqlx::query("vacuum into $1")
            .bind(file)
            .execute(&self.inner.readers)
            .await?;
        Ok(())
    }

    /// Gives a restored database a new epoch, which invalidates all cursors. The store must be
    /// reopened afterwards.
    pub async fn begin_new_epoch(&self) -> Result<()> {
        meta::forget_epoch(&self.inner.writers).await
    }
}

/// Copies a SQLite database to `FILE.before-VERSION` before migration `version` runs. The caller
/// holds the write lock, so nothing is written between the copy and the migration. An existing file
/// of that name comes from a failed upgrade and is outdated; it is replaced once the new copy is
/// verified. Fails if the copy cannot be made.
pub(super) async fn before_migration(url: &str, version: i64) -> Result<()> {
    let error = |why: BackupFailure| {
        StoreError::Unusable(format!(
            "the backup before migration {version} failed: {why}. \
             Nothing was changed. Make room for a copy of the database beside it, or back it up \
             elsewhere and run `holly migrate --without-backup`"
        ))
    };
    let mut source = AnyConnection::connect(url).await?;
    let database: String =
        sqlx::query_scalar("select file from pragma_database_list where name = 'main'")
            .fetch_one(&mut source)
            .await?;
    let backup = format!("{database}.before-{version}");
    let partial = format!("{backup}.partial");
    let copied = async {
        copy_to(&mut source, &partial).await?;
        fs::rename(&partial, &backup).await?;
        // makes the new name durable
        let directory = Path::new(&backup).parent().unwrap_or(Path::new("/"));
        File::open(directory).await?.sync_all().await?;
        Ok(fs::metadata(&backup).await?.len())
    };
    let copied = copied.await;
    source.close().await?;
    match copied {
        Ok(bytes) => {
            tracing::info!(
                file = backup,
                bytes,
                "backed up the database before migration {version}"
            );
            Ok(())
        }
        Err(why) => {
            // otherwise the next attempt removes it
            _ = fs::remove_file(&partial).await;
            Err(error(why))
        }
    }
}

type BackupFailure = Box<dyn std::error::Error + Send + Sync>;

/// Copies the database into a new file that only its owner can read, verifies it and syncs it to
/// disk.
async fn copy_to(source: &mut AnyConnection, file: &str) -> std::result::Result<(), BackupFailure> {
    match fs::remove_file(file).await {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(why.into()),
        _ => {}
    }
    let mut private = OpenOptions::new();
    private.write(true).create_new(true).mode(0o600);
    let private = private.open(file).await?;
    sqlx::query("vacuum into $1")
        .bind(file)
        .execute(&mut *source)
        .await?;
    sqlx::query("attach database $1 as copy")
        .bind(file)
        .execute(&mut *source)
        .await?;
    let found: Vec<String> = sqlx::query_scalar("pragma copy.quick_check")
        .fetch_all(&mut *source)
        .await?;
    let missing: i64 = sqlx::query_scalar(
        "select count(*) from main._sqlx_migrations where version not in \
         (select version from copy._sqlx_migrations)",
    )
    .fetch_one(&mut *source)
    .await?;
    sqlx::query("detach database copy")
        .execute(&mut *source)
        .await?;
    if found != ["ok"] || missing > 0 {
        return Err(format!("the copy is damaged: {}", found.join("; ")).into());
    }
    Ok(private.sync_all().await?)
}
