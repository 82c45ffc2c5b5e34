//! Generic rows of any table, read in pages in the order of the primary key. Both databases and
//! this program compare texts by bytes. At most two pages are in memory.

use super::{
    super::{Result, backend::Backend, placeholders},
    META,
    schema::{ColumnKind, Table},
};
use sha2::{Digest, Sha256};
use sqlx::{Any, AnyConnection, Row as _, any::AnyArguments, any::AnyRow, query::Query};
use std::collections::VecDeque;

/// Rows per read or write.
pub(super) const PAGE: usize = 200;

/// A column's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ColumnValue {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The values of a row, in the order of the table's columns.
pub(super) type CopiedRow = Vec<ColumnValue>;

/// The primary key of a row.
pub(super) fn key<'r>(table: &Table, row: &'r CopiedRow) -> Vec<&'r ColumnValue> {
    table.key.iter().map(|at| &row[*at]).collect()
}

/// Reads a table from start to end.
pub(super) struct RowReader<'t> {
    table: &'t Table,
    first: String,
    next: String,
    after: Option<CopiedRow>,
    page: VecDeque<CopiedRow>,
    ended: bool,
}

impl<'t> RowReader<'t> {
    pub(super) fn new(table: &'t Table, backend: Backend) -> Self {
        let columns = listed(table.columns.iter().map(|column| quoted(&column.name)));
        let key = listed(table.key.iter().map(|at| ordered(table, *at, backend)));
        // which older servers may run is a property of each database and not copied
        let filter = if table.name == META {
            "name not like 'beside%'"
        } else {
            "true"
        };
        let select = format!(
            "select {columns} from {} where {filter}",
            quoted(&table.name)
        );
        let order = format!("order by {key} limit {PAGE}");
        let next = format!(
            "{select} and ({key}) > {} {order}",
            placeholders(1, 1, table.key.len(), "")
        );
        Self {
            table,
            first: format!("{select} {order}"),
            next,
            after: None,
            page: VecDeque::new(),
            ended: false,
        }
    }

    /// The next row, without consuming it.
    pub(super) async fn peek(
        &mut self,
        connection: &mut AnyConnection,
    ) -> Result<Option<&CopiedRow>> {
        if self.page.is_empty() && !self.ended {
            self.page = self.read_page(connection).await?;
            self.ended = self.page.len() < PAGE;
            self.after = self.page.back().cloned().or(self.after.take());
        }
        Ok(self.page.front())
    }

    /// The next row.
    pub(super) async fn next(
        &mut self,
        connection: &mut AnyConnection,
    ) -> Result<Option<CopiedRow>> {
        self.peek(connection).await?;
        Ok(self.page.pop_front())
    }

    /// Skips rows with a smaller key; returns the row with an equal key, if there is one.
    pub(super) async fn seek(
        &mut self,
        connection: &mut AnyConnection,
        row: &CopiedRow,
    ) -> Result<Option<&CopiedRow>> {
        let table = self.table;
        while self
            .peek(connection)
            .await?
            .is_some_and(|candidate| key(table, candidate) < key(table, row))
        {
            self.page.pop_front();
        }
        Ok(self
            .page
            .front()
            .filter(|candidate| key(table, candidate) == key(table, row)))
    }

    async fn read_page(&self, connection: &mut AnyConnection) -> Result<VecDeque<CopiedRow>> {
        let rows = match &self.after {
            None => {
                sqlx::query(sqlx::AssertSqlSafe(self.first.clone()))
                    .fetch_all(connection)
                    .await?
            }
            Some(row) => {
                bind_key(
                    self.table,
                    sqlx::query(sqlx::AssertSqlSafe(self.next.clone())),
                    row,
                )
                .fetch_all(connection)
                .await?
            }
        };
        rows.iter().map(|row| read(self.table, row)).collect()
    }
}

/// Number of rows in a table.
pub(super) async fn count(connection: &mut AnyConnection, table: &Table) -> Result<i64> {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {}", quoted(&table.name)));
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Inserts rows, all or none.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    table: &Table,
    rows: &[CopiedRow],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (column_count, columns) = (
        table.columns.len(),
        listed(table.columns.iter().map(|column| quoted(&column.name))),
    );
    let values = placeholders(1, rows.len(), column_count, "");
    let sql = format!(
        "insert into {} ({columns}) values {values}",
        quoted(&table.name)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for row in rows {
        for (column, value) in table.columns.iter().zip(row) {
            query = bind(query, column.kind, value);
        }
    }
    query.execute(connection).await?;
    Ok(())
}

/// Deletes a row and what refers to it.
pub(super) async fn delete(
    connection: &mut AnyConnection,
    table: &Table,
    row: &CopiedRow,
) -> Result<()> {
    let terms = table
        .key
        .iter()
        .enumerate()
        .map(|(n, at)| format!("{} = ${}", quoted(&table.columns[*at].name), n + 1));
    let sql = format!(
        "delete from {} where {}",
        quoted(&table.name),
        terms.collect::<Vec<_>>().join(" and ")
    );
    bind_key(table, sqlx::query(sqlx::AssertSqlSafe(sql)), row)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds a row to a checksum: each value with its type and length, so that different tables have
/// different checksums.
pub(super) fn digest(sum: &mut Sha256, row: &CopiedRow) {
    for value in row {
        let (kind, bytes): (u8, &[u8]) = match value {
            ColumnValue::Null => (0, &[]),
            ColumnValue::Number(number) => (1, &number.to_be_bytes()),
            ColumnValue::Text(text) => (2, text.as_bytes()),
            ColumnValue::Bytes(bytes) => (3, bytes),
        };
        sum.update([kind]);
        sum.update((bytes.len() as u64).to_be_bytes());
        sum.update(bytes);
    }
}

type RowQuery<'q> = Query<'q, Any, AnyArguments>;

fn bind_key<'q>(table: &Table, query: RowQuery<'q>, row: &CopiedRow) -> RowQuery<'q> {
    table.key.iter().fold(query, |query, at| {
        bind(query, table.columns[*at].kind, &row[*at])
    })
}

fn bind<'q>(query: RowQuery<'q>, kind: ColumnKind, value: &ColumnValue) -> RowQuery<'q> {
    match (value, kind) {
        (ColumnValue::Number(number), _) => query.bind(*number),
        (ColumnValue::Text(text), _) => query.bind(text.clone()),
        (ColumnValue::Bytes(bytes), _) => query.bind(bytes.clone()),
        (ColumnValue::Null, ColumnKind::Number) => query.bind(None::<i64>),
        (ColumnValue::Null, ColumnKind::Text) => query.bind(None::<String>),
        (ColumnValue::Null, ColumnKind::Bytes) => query.bind(None::<Vec<u8>>),
    }
}

fn read(table: &Table, row: &AnyRow) -> Result<CopiedRow> {
    let value = |(at, kind): (usize, ColumnKind)| {
        Ok(match kind {
            ColumnKind::Number => row
                .try_get::<Option<i64>, _>(at)?
                .map_or(ColumnValue::Null, ColumnValue::Number),
            ColumnKind::Text => row
                .try_get::<Option<String>, _>(at)?
                .map_or(ColumnValue::Null, ColumnValue::Text),
            ColumnKind::Bytes => row
                .try_get::<Option<Vec<u8>>, _>(at)?
                .map_or(ColumnValue::Null, ColumnValue::Bytes),
        })
    };
    table
        .columns
        .iter()
        .map(|column| column.kind)
        .enumerate()
        .map(value)
        .collect()
}

/// A key column for `order by`, compared by bytes independent of the database's collation.
fn ordered(table: &Table, at: usize, backend: Backend) -> String {
    let column = &table.columns[at];
    let by_bytes = backend != Backend::Sqlite && column.kind == ColumnKind::Text;
    format!(
        "{}{}",
        quoted(&column.name),
        if by_bytes { " collate \"C\"" } else { "" }
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn listed(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(row: &[ColumnValue]) -> Vec<u8> {
        let mut sum = Sha256::new();
        digest(&mut sum, &row.to_vec());
        sum.finalize().to_vec()
    }

    #[test]
    fn different_rows_have_different_checksums() {
        let text = |text: &str| ColumnValue::Text(text.to_owned());
        let rows = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text(""), ColumnValue::Null],
            vec![ColumnValue::Null, text("")],
            vec![ColumnValue::Bytes(b"ab".to_vec()), text("c")],
            vec![ColumnValue::Number(0)],
        ];
        let sums: std::collections::HashSet<_> = rows.iter().map(|row| sum(row)).collect();
        assert_eq!(sums.len(), rows.len());
    }
}
