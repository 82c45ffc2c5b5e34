//! The database that is copied to: whether it may be, and the mark it bears until it is whole. No
//! server opens a marked one.

use super::{
    META,
    rows::{self, CopiedRow},
    schema::{self, Table},
};
use crate::{
    domain::Epoch,
    server::{
        base::error::StoreError,
        store::{Result, backend::Backend, meta, migrations},
    },
};
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, pool::PoolConnection};

/// A database to copy to, with its tables up to date.
pub(super) struct CopyTarget {
    pub(super) backend: Backend,
    pub(super) connection: PoolConnection<Any>,
    pool: AnyPool,
}

/// What there is in the target.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TargetStatus {
    /// Nothing of anybody.
    Free,
    /// Part of this source.
    HalfCopied,
    /// A whole copy of this source, as it was once.
    Same,
}

impl CopyTarget {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let backend = Backend::of(url, false)?;
        let pool = backend.writers(url).await?;
        backend.check(&pool).await?;
        migrations::migrate(backend, &pool, None).await?;
        Ok(Self {
            backend,
            connection: pool.acquire().await?,
            pool,
        })
    }

    /// Refuses a target that lacks a table of the source, or has it otherwise.
    pub(super) async fn fits(&mut self, tables: &[Table]) -> Result<()> {
        let there = schema::tables(&mut self.connection, self.backend).await?;
        let problem =
            |table: &Table| table.mismatch(there.iter().find(|other| other.name == table.name));
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

/// What there is in the target. Errors: something else than this source.
pub(super) async fn standing(
    target: &mut AnyConnection,
    tables: &[Table],
    source: Epoch,
) -> Result<TargetStatus> {
    let (mark, epoch) = (
        meta::fact(target, meta::COPIED_FROM).await?,
        meta::fact(target, meta::EPOCH).await?,
    );
    if let Some(mark) = mark {
        return if mark == source.to_string() {
            Ok(TargetStatus::HalfCopied)
        } else {
            Err(other("half a copy of another database"))
        };
    }
    let mut owned = tables.iter().filter(|table| table.has_owners());
    let mut rows = 0;
    for table in &mut owned {
        rows += rows::count(target, table).await?;
    }
    match epoch {
        _ if rows == 0 => Ok(TargetStatus::Free),
        Some(epoch) if epoch == source.to_string() => Ok(TargetStatus::Same),
        _ => Err(other("people's data that is not of this database")),
    }
}

fn other(what: &str) -> StoreError {
    StoreError::Unusable(format!(
        "the target holds {what}; nothing was changed. Give an empty database"
    ))
}

/// Marks the target as half copied from this source.
pub(super) async fn mark(target: &mut AnyConnection, source: Epoch) -> Result<()> {
    let sql = "insert into meta (name, value) values ($1, $2)";
    sqlx::query(sql)
        .bind(meta::COPIED_FROM)
        .bind(source.to_string())
        .execute(target)
        .await?;
    Ok(())
}

/// Replaces all facts about the target, the mark among them, at once.
pub(super) async fn replace(
    target: &mut AnyConnection,
    table: &Table,
    facts: &[CopiedRow],
) -> Result<()> {
    debug_assert_eq!(table.name, META);
    let mut tx = target.begin().await?;
    sqlx::query("delete from meta where name not like 'beside%'")
        .execute(&mut *tx)
        .await?;
    rows::insert(&mut tx, table, facts).await?;
    tx.commit().await?;
    Ok(())
}
