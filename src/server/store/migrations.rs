//! The tables' history: one file a migration in `migrations/`, applied at start, in order and under
//! a lock, so that several processes may start at once. PostgreSQL's lock is its connection's, so
//! `pool` must lead past any pooler. SQLite has no such lock: there the whole run is one writing
//! transaction, and the database is copied before it.

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

/// Where applied migrations are listed.
const TABLE: &str = "_sqlx_migrations";

/// Lets a run accept migrations that it does not know; [`refuse_foreign`] decides about them.
fn with_unknown(mut migrations: Migrator) -> Migrator {
    migrations.set_ignore_missing(true);
    migrations
}

/// The name of the fact by which a migration lets older servers run beside it. Its value is the
/// last migration that such a server must know. A migration without the fact lets none.
fn beside(version: i64) -> String {
    format!("beside_{version}")
}

/// Brings the tables up to date. A SQLite database that is not new is copied before, if `back_up`
/// has its address. Errors: the database was written by a newer program that this one may not run
/// beside, or by another one.
pub(super) async fn migrate(backend: Backend, pool: &AnyPool, back_up: Option<&str>) -> Result<()> {
    match backend {
        Backend::Sqlite => {
            let mut tx = pool
                .begin_with(backend.begin_write(Durability::AtCommit))
                .await?;
            apply(&SQLITE, &mut tx, back_up).await?;
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
    back_up: Option<&str>,
) -> Result<()> {
    connection.ensure_migrations_table(TABLE).await?;
    let applied = connection.list_applied_migrations(TABLE).await?;
    refuse_foreign(migrations, connection, &applied).await?;
    let is_applied = |version| applied.iter().any(|done| done.version == version);
    let mut pending = migrations.iter().map(|migration| migration.version);
    if let Some(first) = pending.find(|version| !is_applied(*version))
        && let Some(url) = back_up.filter(|_| !applied.is_empty())
    {
        backup::before_migration(url, first).await?;
    }
    Ok(migrations.run_direct(None, connection, false).await?)
}

/// Refuses a database that has a migration which this program does not know and which does not let
/// it run, or one which it knows otherwise.
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
                if !lets_run(connection, *version, last).await? {
                    return Err(StoreError::Unusable(format!(
                        "the database belongs to a newer Holly: it has migration {version}, \
                         this program ({program}) knows migrations up to {last} and may not run \
                         beside it; start the newer program, or restore a backup from before the \
                         upgrade"
                    )));
                }
                tracing::info!(
                    version,
                    last,
                    "a newer Holly has changed the tables; this one may run beside it"
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

/// Whether a migration lets a server run whose last migration is `last`.
async fn lets_run(connection: &mut AnyConnection, version: i64, last: i64) -> Result<bool> {
    let least = meta::fact(connection, &beside(version)).await?;
    Ok(least
        .and_then(|least| least.parse::<i64>().ok())
        .is_some_and(|least| least <= last))
}
