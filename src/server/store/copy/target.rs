//! The target database of a copy: checks that it may be written, and marks it until the copy is
//! complete. No server opens a marked database.

use super::{
    META,
    rows::{self, CopiedRow},
    schema::{self, Table},
};
use crate::{
    domain::Epoch,
    server::{
        base::error::StoreError,
        store::{Result, backend::Backend, first_connection, meta, migrations},
    },
};
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, pool::PoolConnection};

/// The target, migrated to the current schema.
pub(super) struct CopyTarget {
    pub(super) backend: Backend,
    pub(super) connection: PoolConnection<Any>,
    pool: AnyPool,
}

/// The content of the target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TargetStatus {
    /// No user data.
    Empty,
    /// An unfinished copy of this source.
    Unfinished,
    /// A completed copy of this source, possibly outdated.
    Complete,
}

impl CopyTarget {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let backend = Backend::from_url(url, false)?;
        let first = first_connection::connect(backend, "--to", url).await?;
        let pool = backend.writers(url).await?;
        first_connection::close(first).await;
        backend.check_version(&pool).await?;
        migrations::migrate(backend, &pool, None).await?;
        Ok(Self {
            backend,
            connection: pool.acquire().await?,
            pool,
        })
    }

    /// Fails if the target lacks a table of the source or has it with other columns.
    pub(super) async fn check_tables(&mut self, tables: &[Table]) -> Result<()> {
        let target_tables = schema::tables(&mut self.connection, self.backend).await?;
        let problem = |table: &Table| {
            table.mismatch(target_tables.iter().find(|other| other.name == table.name))
        };
        match tables.iter().find_map(problem) {
            Some(problem) => Err(StoreError::Unusable(format!(
                "{problem}; bring both up to date with one version of holly"
            ))),
            None => Ok(()),
        }
    }

    pub(super) async fn close(self) {
        drop(self.connection);
        self.pool.close().await;
    }
}

/// Determines the target's content. Fails if it is not of this source.
pub(super) async fn status(
    target: &mut AnyConnection,
    tables: &[Table],
    source: Epoch,
) -> Result<TargetStatus> {
    let (mark, epoch) = (
        meta::value(target, meta::COPIED_FROM).await?,
        meta::value(target, meta::EPOCH).await?,
    );
    if let Some(mark) = mark {
        return if mark == source.to_string() {
            Ok(TargetStatus::Unfinished)
        } else {
            Err(other("an unfinished copy of another database"))
        };
    }
    let mut owned = tables.iter().filter(|table| table.has_owners());
    let mut rows = 0;
    for table in &mut owned {
        rows += rows::count(target, table).await?;
    }
    match epoch {
        _ if rows == 0 => Ok(TargetStatus::Empty),
        Some(epoch) if epoch == source.to_string() => Ok(TargetStatus::Complete),
        _ => Err(other("user data of another database")),
    }
}

fn other(what: &str) -> StoreError {
    StoreError::Unusable(format!(
        "the target contains {what}; nothing was changed. Use an empty database"
    ))
}

/// Marks the target as an unfinished copy of this source.
pub(super) async fn mark(target: &mut AnyConnection, source: Epoch) -> Result<()> {
    let sql = "insert into meta (name, value) values ($1, $2)";
    sqlx::query(sql)
        .bind(meta::COPIED_FROM)
        .bind(source.to_string())
        .execute(target)
        .await?;
    Ok(())
}

/// Replaces all values about the target, including the mark, in one transaction.
pub(super) async fn replace(
    target: &mut AnyConnection,
    table: &Table,
    values: &[CopiedRow],
) -> Result<()> {
    debug_assert_eq!(table.name, META);
    let mut tx = target.begin().await?;
    sqlx::query("delete from meta where name not like 'beside%'")
        .execute(&mut *tx)
        .await?;
    rows::insert(&mut tx, table, values).await?;
    tx.commit().await?;
    Ok(())
}
