//! The tables' history: one file a step in `migrations/`, carried out at start, in order and under a lock, so that several
//! processes may start at once. PostgreSQL's lock is its connection's, so `pool` must lead past any pooler. SQLite has no such
//! lock: there the whole run is one writing transaction.

use super::{
    Result, StoreError,
    backend::{Backend, Lasting},
};
use sqlx::{
    AnyPool,
    migrate::{MigrateError, Migrator},
};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the tables up to date. Errors: the database was written by a newer program, or by another one.
pub(super) async fn migrate(backend: Backend, pool: &AnyPool) -> Result<()> {
    let steps = match backend {
        Backend::Sqlite => &SQLITE,
        Backend::Postgres | Backend::Pooled => &POSTGRES,
    };
    let done = match backend {
        Backend::Postgres | Backend::Pooled => steps.run(pool).await,
        Backend::Sqlite => {
            let mut tx = pool
                .begin_with(backend.begin_write(Lasting::AtCommit))
                .await?;
            // `run` itself cannot be sent between threads when it is given a borrowed connection
            let done = steps.run_direct(None, &mut *tx, false).await;
            if done.is_ok() {
                tx.commit().await?;
            }
            done
        }
    };
    done.map_err(|why| explained(why, steps))
}

fn explained(why: MigrateError, steps: &Migrator) -> StoreError {
    let version = env!("CARGO_PKG_VERSION");
    let last = steps.iter().map(|step| step.version).max().unwrap_or(0);
    match why {
        MigrateError::VersionMissing(step) if step > last => StoreError::Unusable(format!(
            "the database belongs to a newer Holly: it has taken step {step}, this program ({version}) knows {last}; \
             start the newer program, or restore a backup from before the upgrade"
        )),
        MigrateError::VersionMissing(step) | MigrateError::VersionMismatch(step) => {
            StoreError::Unusable(format!(
                "the database's step {step} is not the one that this program ({version}) knows; \
             it was made by a program built from other sources"
            ))
        }
        why => why.into(),
    }
}
