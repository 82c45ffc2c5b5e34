//! Schema migrations from `migrations/`, applied in order at start. A lock allows several processes
//! to start at once. PostgreSQL's advisory lock belongs to the session, so `pool` must bypass any
//! pooler. On SQLite all migrations run in one write transaction, after a backup.

use super::{
    Result,
    backend::{Backend, Durability},
    backup, meta,
};
use crate::server::base::error::StoreError;
use sqlx::{
    AnyConnection, AnyPool,
    migrate::{AppliedMigration, Migrate, Migrator},
};
use std::sync::LazyLock;

static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| with_unknown(sqlx::migrate!("migrations/sqlite")));
static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| with_unknown(sqlx::migrate!("migrations/postgres")));

/// The table of applied migrations.
const TABLE: &str = "_sqlx_migrations";

/// Lets sqlx accept unknown applied migrations; [`refuse_foreign`] checks them.
fn with_unknown(mut migrations: Migrator) -> Migrator {
    migrations.set_ignore_missing(true);
    migrations
}

/// The name in `meta` by which a migration permits older servers to keep running. The value is the
/// last migration such a server must know. Without it no older server may run.
fn compatible_key(version: i64) -> String {
    format!("beside_{version}")
}

/// Runs pending migrations. A SQLite database that is not new is backed up first if `backup_url` is
/// set. Fails if the database has migrations of a newer program that this one may not run beside,
/// or of a different build.
pub(super) async fn migrate(
    backend: Backend,
    pool: &AnyPool,
    backup_url: Option<&str>,
) -> Result<()> {
    match backend {
        Backend::Sqlite => {
            let mut tx = pool
                .begin_with(backend.begin_write(Durability::AtCommit))
                .await?;
            apply(&SQLITE, &mut tx, backup_url).await?;
            Ok(tx.commit().await?)
        }
        Backend::Postgres | Backend::Pooled => {
            let mut connection = pool.acquire().await?;
            connection.lock().await?;
            let applied = apply(&POSTGRES, &mut connection, None).await;
            let unlocked = connection.unlock().await;
            applied?;
            Ok(unlocked?)
        }
    }
}

async fn apply(
    migrations: &Migrator,
    connection: &mut AnyConnection,
    backup_url: Option<&str>,
) -> Result<()> {
    connection.ensure_migrations_table(TABLE).await?;
    let applied = connection.list_applied_migrations(TABLE).await?;
    refuse_foreign(migrations, connection, &applied).await?;
    let is_applied = |version| applied.iter().any(|done| done.version == version);
    let mut pending = migrations.iter().map(|migration| migration.version);
    if let Some(first) = pending.find(|version| !is_applied(*version))
        && let Some(url) = backup_url.filter(|_| !applied.is_empty())
    {
        backup::before_migration(url, first).await?;
    }
    Ok(migrations.run_direct(None, connection, false).await?)
}

/// Fails if an applied migration differs from this program's, or is newer and does not permit this
/// program to run.
async fn refuse_foreign(
    migrations: &Migrator,
    connection: &mut AnyConnection,
    applied: &[AppliedMigration],
) -> Result<()> {
    let program = env!("CARGO_PKG_VERSION");
    let known = |version| migrations.iter().find(|known| known.version == version);
    let last = migrations
        .iter()
        .map(|known| known.version)
        .max()
        .unwrap_or(0);
    for AppliedMigration { version, checksum } in applied {
        match known(*version) {
            Some(known) if known.checksum == *checksum => {}
            None if *version > last => {
                if !permits(connection, *version, last).await? {
                    return Err(StoreError::Unusable(format!(
                        "the database was migrated by a newer Holly: it has migration {version}, \
                         this program ({program}) knows migrations up to {last} and may not run \
                         beside it; start the newer program, or restore a backup from before the \
                         upgrade"
                    )));
                }
                tracing::info!(
                    version,
                    last,
                    "a newer Holly has migrated the database; this one may still run"
                );
            }
            _ => {
                return Err(StoreError::Unusable(format!(
                    "the database's migration {version} is not the one that this program \
                     ({program}) knows; it was made by a program built from other sources"
                )));
            }
        }
    }
    Ok(())
}

/// Whether migration `version` permits a server whose last migration is `last`.
async fn permits(connection: &mut AnyConnection, version: i64, last: i64) -> Result<bool> {
    let minimum = meta::value(connection, &compatible_key(version)).await?;
    Ok(minimum
        .and_then(|minimum| minimum.parse::<i64>().ok())
        .is_some_and(|minimum| minimum <= last))
}
