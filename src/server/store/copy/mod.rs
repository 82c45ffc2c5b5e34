//! Copies a whole database into another, between SQLite and PostgreSQL or within one of them. The
//! source is read in one snapshot. Equal rows in the target stay, differing rows are deleted,
//! missing rows are inserted; so a copy may be interrupted and run again, even if the source has
//! changed. Revisions and the epoch are copied too, so cursors stay valid.

mod rows;
mod schema;
mod target;

use super::{Reader, Result, Store, backend::Backend};
use crate::server::base::error::StoreError;
use rows::{CopiedRow, PAGE, RowReader};
use schema::Table;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use target::{CopyTarget, TargetStatus};

/// The table of values about the database. It is copied last, in one transaction, which completes
/// the copy.
const META: &str = "meta";

/// Progress of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyStep {
    /// A table is started; its number of rows.
    Started(String, i64),
    /// More rows of a table were written; their number.
    Wrote(String, usize),
    /// A table was read back and is equal.
    Verified(CopiedTable),
}

/// A table that is equal in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// Number of rows.
    pub rows: i64,
    /// SHA-256 over all rows, in hex.
    pub sha256: String,
}

/// The result of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// All tables, in the order they were copied.
    pub tables: Vec<CopiedTable>,
    /// Whether the target was complete already, so that nothing was written.
    pub already: bool,
}

/// Receives progress; an error aborts the copy.
pub type OnStep<'s> = &'s mut (dyn FnMut(CopyStep) -> Result<()> + Send);

/// Copies everything from `source` to the database at `url`, which must be empty or an unfinished
/// copy of this source. Fails if the target contains other data or differs from the source
/// afterwards.
pub async fn copy(source: &Store, url: &str, on_step: OnStep<'_>) -> Result<Copied> {
    let mut reader = source.read().await?;
    let mut target = CopyTarget::open(url).await?;
    let copied = copy_into(source, &mut reader, &mut target, on_step).await;
    target.close().await;
    copied
}

async fn copy_into(
    source: &Store,
    reader: &mut Reader,
    target: &mut CopyTarget,
    on_step: OnStep<'_>,
) -> Result<Copied> {
    let tables = schema::tables(reader, source.inner.backend).await?;
    target.check_tables(&tables).await?;
    let mut job = CopyJob {
        source: reader,
        source_backend: source.inner.backend,
        target_backend: target.backend,
        target: &mut target.connection,
    };
    match target::status(job.target, &tables, source.epoch()).await? {
        TargetStatus::Complete => return job.compare(&tables, on_step).await,
        TargetStatus::Empty => target::mark(job.target, source.epoch()).await?,
        TargetStatus::Unfinished => {}
    }
    let (meta, other): (Vec<_>, Vec<_>) = tables.iter().partition(|table| table.name == META);
    let mut copied = Vec::new();
    for table in other.into_iter().chain(meta) {
        copied.push(job.copy_table(table, on_step).await?);
    }
    Ok(Copied {
        tables: copied,
        already: false,
    })
}

/// The source and the target of a copy.
struct CopyJob<'b> {
    source: &'b mut Reader,
    source_backend: Backend,
    target: &'b mut AnyConnection,
    target_backend: Backend,
}

/// Row count and checksum of a table.
#[derive(Default)]
struct TableDigest {
    rows: i64,
    sha256: Sha256,
}

impl TableDigest {
    fn add(&mut self, row: &CopiedRow) {
        self.rows += 1;
        rows::digest(&mut self.sha256, row);
    }

    fn into_copied_table(self, table: &Table) -> CopiedTable {
        let sha256 = self
            .sha256
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        CopiedTable {
            name: table.name.clone(),
            rows: self.rows,
            sha256,
        }
    }
}

impl CopyJob<'_> {
    async fn copy_table(&mut self, table: &Table, on_step: OnStep<'_>) -> Result<CopiedTable> {
        on_step(CopyStep::Started(
            table.name.clone(),
            rows::count(self.source, table).await?,
        ))?;
        let expected = if table.name == META {
            self.replace_meta(table).await?
        } else {
            self.delete_differing(table).await?;
            self.insert_missing(table, on_step).await?
        };
        self.verify(table, expected, on_step).await
    }

    /// Deletes target rows that the source does not have in this form. Rows that refer to them are
    /// deleted too and inserted again later.
    async fn delete_differing(&mut self, table: &Table) -> Result<()> {
        let (mut source_rows, mut target_rows) = (
            RowReader::new(table, self.source_backend),
            RowReader::new(table, self.target_backend),
        );
        while let Some(row) = target_rows.next(self.target).await? {
            if source_rows.seek(self.source, &row).await? != Some(&row) {
                rows::delete(self.target, table, &row).await?;
            }
        }
        Ok(())
    }

    /// Inserts rows missing in the target; returns the summary of the source.
    async fn insert_missing(&mut self, table: &Table, on_step: OnStep<'_>) -> Result<CopiedTable> {
        let (mut source_rows, mut target_rows) = (
            RowReader::new(table, self.source_backend),
            RowReader::new(table, self.target_backend),
        );
        let (mut sum, mut missing) = (TableDigest::default(), Vec::new());
        while let Some(row) = source_rows.next(self.source).await? {
            sum.add(&row);
            if target_rows.seek(self.target, &row).await?.is_none() {
                missing.push(row);
            }
            if missing.len() == PAGE {
                self.insert_page(table, &mut missing, on_step).await?;
            }
        }
        self.insert_page(table, &mut missing, on_step).await?;
        Ok(sum.into_copied_table(table))
    }

    async fn insert_page(
        &mut self,
        table: &Table,
        missing: &mut Vec<CopiedRow>,
        on_step: OnStep<'_>,
    ) -> Result<()> {
        rows::insert(self.target, table, missing).await?;
        on_step(CopyStep::Wrote(table.name.clone(), missing.len()))?;
        missing.clear();
        Ok(())
    }

    /// Replaces the target's values by the source's, which also removes the mark of an unfinished
    /// copy. The table is small.
    async fn replace_meta(&mut self, table: &Table) -> Result<CopiedTable> {
        let (mut source_rows, mut values, mut sum) = (
            RowReader::new(table, self.source_backend),
            Vec::new(),
            TableDigest::default(),
        );
        while let Some(row) = source_rows.next(self.source).await? {
            sum.add(&row);
            values.push(row);
        }
        target::replace(self.target, table, &values).await?;
        Ok(sum.into_copied_table(table))
    }

    /// Reads the target back and compares it.
    async fn verify(
        &mut self,
        table: &Table,
        expected: CopiedTable,
        on_step: OnStep<'_>,
    ) -> Result<CopiedTable> {
        let found = digest_table(self.target, table, self.target_backend).await?;
        if found != expected {
            let (name, found, expected) = (&table.name, found.rows, expected.rows);
            return Err(StoreError::Unusable(format!(
                "{name} has {found} rows in the target and {expected} in the source, or rows that \
                 differ; stop all writes to the target and run the copy again"
            )));
        }
        on_step(CopyStep::Verified(found.clone()))?;
        Ok(found)
    }

    /// Compares a completed copy without writing.
    async fn compare(&mut self, tables: &[Table], on_step: OnStep<'_>) -> Result<Copied> {
        let (mut copied, mut differing) = (Vec::new(), Vec::new());
        for table in tables {
            let (source_rows, target_rows) = (
                digest_table(self.source, table, self.source_backend).await?,
                digest_table(self.target, table, self.target_backend).await?,
            );
            if source_rows == target_rows {
                on_step(CopyStep::Verified(source_rows.clone()))?;
                copied.push(source_rows);
            } else {
                differing.push(table.name.clone());
            }
        }
        if differing.is_empty() {
            return Ok(Copied {
                tables: copied,
                already: true,
            });
        }
        Err(StoreError::Unusable(format!(
            "the target is a completed copy of this database, but they now differ in {}. \
             Nothing was changed; use an empty database to copy again",
            differing.join(", ")
        )))
    }
}

async fn digest_table(
    connection: &mut AnyConnection,
    table: &Table,
    backend: Backend,
) -> Result<CopiedTable> {
    let (mut rows, mut sum) = (RowReader::new(table, backend), TableDigest::default());
    while let Some(row) = rows.next(connection).await? {
        sum.add(&row);
    }
    Ok(sum.into_copied_table(table))
}
