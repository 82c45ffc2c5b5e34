//! Copies of the database: a backup while the server runs, one before its tables change, and a
//! restored one made ready.

use super::{Result, Store, meta};
use crate::server::base::error::StoreError;
use sqlx::{AnyConnection, Connection};
use std::path::Path;
use tokio::fs::{self, File, OpenOptions};

impl Store {
    /// Copies the whole database into a new file, as it is at one moment, while others go on
    /// writing. SQLite only.
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

    /// Gives a restored database a life of its own: cursors that readers still hold are not
    /// continued in it. The store is to be opened anew.
    pub async fn begin_new_epoch(&self) -> Result<()> {
        meta::forget_epoch(&self.inner.writers).await
    }
}

/// Copies a SQLite database beside itself, as `FILE.before-VERSION`, before migration `version`
/// changes its tables. The caller holds the right to write, so nothing is written between the copy
/// and the change. The copy takes the place of an earlier one of that name, which was made by an
/// upgrade that did not happen and lacks what was written since, and only once it was read back.
/// Errors: it could not be made.
pub(super) async fn before_migration(url: &str, version: i64) -> Result<()> {
    let failed = |why: BackupFailure| {
        StoreError::Unusable(format!(
            "before migration {version} the database is backed up, and that failed: {why}. \
             Nothing was changed. Make room for a copy of the database beside it, or back it up \
             elsewhere and run `holly migrate --without-backup`"
        ))
    };
    let mut source = AnyConnection::connect(url).await?;
    let database: String =
        sqlx::query_scalar("select file from pragma_database_list where name = 'main'")
            .fetch_one(&mut source)
            .await?;
    let kept = format!("{database}.before-{version}");
    let partial = format!("{kept}.partial");
    let copied = async {
        copy_to(&mut source, &partial).await?;
        fs::rename(&partial, &kept).await?;
        // the new name lasts, too
        let folder = Path::new(&kept).parent().unwrap_or(Path::new("/"));
        File::open(folder).await?.sync_all().await?;
        Ok(fs::metadata(&kept).await?.len())
    };
    let copied = copied.await;
    source.close().await?;
    match copied {
        Ok(bytes) => {
            tracing::info!(
                file = kept,
                bytes,
                "backed up the database before migration {version}"
            );
            Ok(())
        }
        Err(why) => {
            // the next attempt removes it otherwise
            _ = fs::remove_file(&partial).await;
            Err(failed(why))
        }
    }
}

type BackupFailure = Box<dyn std::error::Error + Send + Sync>;

/// Copies the database into a new file that only its owner can read, reads it back, and waits until
/// it is on the disk.
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
