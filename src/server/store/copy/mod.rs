//! Copies a whole database into another, from SQLite to PostgreSQL or the other way round. The
//! source is read in one snapshot. Each table is brought in line rather than written anew: what the
//! target has just so stays, what differs is taken out, what is missing is added. So it can be
//! broken off at any moment and run again, and a source that changed in between does no harm.
//! Revisions and epoch are copied too: a reader goes on with its cursor where it was.

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

/// The facts about the database: they come last and at once, and with them the target is whole.
const META: &str = "meta";

/// What is told while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyStep {
    /// A table is begun that has so many rows.
    Begun(String, i64),
    /// So many more of its rows were written.
    Wrote(String, usize),
    /// It was read back and is the same.
    Verified(CopiedTable),
}

/// A table that is the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: i64,
    /// The SHA-256 over all of them, in hexadecimal digits.
    pub sha256: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Every table, in the order in which they were copied.
    pub tables: Vec<CopiedTable>,
    /// Whether all of it was there already, so that nothing was written.
    pub already: bool,
}

/// Whoever is told; an error of theirs breaks the copy off.
pub type Say<'s> = &'s mut (dyn FnMut(CopyStep) -> Result<()> + Send);

/// Copies everything from `source` to the database at `url`, which must be empty or half copied
/// from this very source. Errors: the target holds something else, or does not hold afterwards what
/// the source holds.
pub async fn copy(source: &Store, url: &str, say: Say<'_>) -> Result<Copied> {
    let mut reader = source.read().await?;
    let mut target = CopyTarget::open(url).await?;
    let copied = copy_into(source, &mut reader, &mut target, say).await;
    target.close().await;
    copied
}

async fn copy_into(
    source: &Store,
    reader: &mut Reader,
    target: &mut CopyTarget,
    say: Say<'_>,
) -> Result<Copied> {
    let tables = schema::tables(reader, source.inner.backend).await?;
    target.fits(&tables).await?;
    let mut both = Both {
        source: reader,
        from: source.inner.backend,
        to: target.backend,
        target: &mut target.connection,
    };
    match target::standing(both.target, &tables, source.epoch()).await? {
        TargetStatus::Same => return both.compare(&tables, say).await,
        TargetStatus::Free => target::mark(both.target, source.epoch()).await?,
        TargetStatus::HalfCopied => {}
    }
    let (facts, rest): (Vec<_>, Vec<_>) = tables.iter().partition(|table| table.name == META);
    let mut copied = Vec::new();
    for table in rest.into_iter().chain(facts) {
        copied.push(both.bring_in_line(table, say).await?);
    }
    Ok(Copied {
        tables: copied,
        already: false,
    })
}

/// The two databases.
struct Both<'b> {
    source: &'b mut Reader,
    from: Backend,
    target: &'b mut AnyConnection,
    to: Backend,
}

/// Rows and checksum of a table.
#[derive(Default)]
struct Sum {
    rows: i64,
    sha256: Sha256,
}

impl Sum {
    fn add(&mut self, row: &CopiedRow) {
        self.rows += 1;
        rows::digest(&mut self.sha256, row);
    }

    fn named(self, table: &Table) -> CopiedTable {
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

impl Both<'_> {
    async fn bring_in_line(&mut self, table: &Table, say: Say<'_>) -> Result<CopiedTable> {
        say(CopyStep::Begun(
            table.name.clone(),
            rows::count(self.source, table).await?,
        ))?;
        let wanted = if table.name == META {
            self.finish(table).await?
        } else {
            self.take_out(table).await?;
            self.fill(table, say).await?
        };
        self.verify(table, wanted, say).await
    }

    /// Takes out of the target what the source does not have just so. What refers to it goes with
    /// it and is filled in again.
    async fn take_out(&mut self, table: &Table) -> Result<()> {
        let (mut ours, mut theirs) = (
            RowReader::of(table, self.from),
            RowReader::of(table, self.to),
        );
        while let Some(row) = theirs.next(self.target).await? {
            if ours.seek(self.source, &row).await? != Some(&row) {
                rows::delete(self.target, table, &row).await?;
            }
        }
        Ok(())
    }

    /// Adds what is missing in the target; returns the sum of the source.
    async fn fill(&mut self, table: &Table, say: Say<'_>) -> Result<CopiedTable> {
        let (mut ours, mut theirs) = (
            RowReader::of(table, self.from),
            RowReader::of(table, self.to),
        );
        let (mut sum, mut missing) = (Sum::default(), Vec::new());
        while let Some(row) = ours.next(self.source).await? {
            sum.add(&row);
            if theirs.seek(self.target, &row).await?.is_none() {
                missing.push(row);
            }
            if missing.len() == PAGE {
                self.add(table, &mut missing, say).await?;
            }
        }
        self.add(table, &mut missing, say).await?;
        Ok(sum.named(table))
    }

    async fn add(
        &mut self,
        table: &Table,
        missing: &mut Vec<CopiedRow>,
        say: Say<'_>,
    ) -> Result<()> {
        rows::insert(self.target, table, missing).await?;
        say(CopyStep::Wrote(table.name.clone(), missing.len()))?;
        missing.clear();
        Ok(())
    }

    /// Replaces the facts about the target by those about the source, the mark of the copy with
    /// them. They are few.
    async fn finish(&mut self, table: &Table) -> Result<CopiedTable> {
        let (mut ours, mut facts, mut sum) =
            (RowReader::of(table, self.from), Vec::new(), Sum::default());
        while let Some(row) = ours.next(self.source).await? {
            sum.add(&row);
            facts.push(row);
        }
        target::replace(self.target, table, &facts).await?;
        Ok(sum.named(table))
    }

    /// Reads the target back.
    async fn verify(
        &mut self,
        table: &Table,
        wanted: CopiedTable,
        say: Say<'_>,
    ) -> Result<CopiedTable> {
        let found = sum(self.target, table, self.to).await?;
        if found != wanted {
            let (name, found, wanted) = (&table.name, found.rows, wanted.rows);
            return Err(StoreError::Unusable(format!(
                "{name} has {found} rows in the target and {wanted} in the source, or rows that differ; \
                 let nobody write to the target and run it again"
            )));
        }
        say(CopyStep::Verified(found.clone()))?;
        Ok(found)
    }

    /// Compares a target that was copied before, and writes nothing.
    async fn compare(&mut self, tables: &[Table], say: Say<'_>) -> Result<Copied> {
        let (mut copied, mut other) = (Vec::new(), Vec::new());
        for table in tables {
            let (ours, theirs) = (
                sum(self.source, table, self.from).await?,
                sum(self.target, table, self.to).await?,
            );
            if ours == theirs {
                say(CopyStep::Verified(ours.clone()))?;
                copied.push(ours);
            } else {
                other.push(table.name.clone());
            }
        }
        if other.is_empty() {
            return Ok(Copied {
                tables: copied,
                already: true,
            });
        }
        Err(StoreError::Unusable(format!(
            "the target was copied from this database before, and since then one of them was written to: they differ in {}. \
             Nothing was changed; to copy anew, give an empty database",
            other.join(", ")
        )))
    }
}

async fn sum(
    connection: &mut AnyConnection,
    table: &Table,
    backend: Backend,
) -> Result<CopiedTable> {
    let (mut rows, mut sum) = (RowReader::of(table, backend), Sum::default());
    while let Some(row) = rows.next(connection).await? {
        sum.add(&row);
    }
    Ok(sum.named(table))
}
