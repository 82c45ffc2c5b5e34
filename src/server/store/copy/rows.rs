//! Rows of any table, read page by page in the order of the primary key, which both databases and
//! this program compare alike: texts by their bytes. No more than two pages are ever in memory.

use super::{
    super::{Result, backend::Backend, marks},
    META,
    schema::{ColumnKind, Table},
};
use sha2::{Digest, Sha256};
use sqlx::{Any, AnyConnection, Row as _, any::AnyArguments, any::AnyRow, query::Query};
use std::collections::VecDeque;

/// Rows read or written at once.
pub(super) const PAGE: usize = 200;

/// What stands in a column of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ColumnValue {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The values of a row, in the order of the table's columns.
pub(super) type CopiedRow = Vec<ColumnValue>;

/// The key of a row.
pub(super) fn key<'r>(table: &Table, row: &'r CopiedRow) -> Vec<&'r ColumnValue> {
    table.key.iter().map(|at| &row[*at]).collect()
}

/// Reads a table from its beginning to its end.
pub(super) struct RowReader<'t> {
    table: &'t Table,
    first: String,
    next: String,
    after: Option<CopiedRow>,
    page: VecDeque<CopiedRow>,
    ended: bool,
}

impl<'t> RowReader<'t> {
    pub(super) fn of(table: &'t Table, backend: Backend) -> Self {
        let columns = listed(table.columns.iter().map(|column| quoted(&column.name)));
        let key = listed(table.key.iter().map(|at| ordered(table, *at, backend)));
        // what migrations allow older servers is each database's own
        let kept = if table.name == META {
            "name not like 'beside%'"
        } else {
            "true"
        };
        let select = format!("select {columns} from {} where {kept}", quoted(&table.name));
        let order = format!("order by {key} limit {PAGE}");
        let next = format!(
            "{select} and ({key}) > {} {order}",
            marks(1, 1, table.key.len(), "")
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

    /// The next row, which stays the next.
    pub(super) async fn peek(
        &mut self,
        connection: &mut AnyConnection,
    ) -> Result<Option<&CopiedRow>> {
        if self.page.is_empty() && !self.ended {
            self.page = self.turn(connection).await?;
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

    /// Passes over the rows before this one; returns the row at its place, if there is one.
    pub(super) async fn seek(
        &mut self,
        connection: &mut AnyConnection,
        row: &CopiedRow,
    ) -> Result<Option<&CopiedRow>> {
        let table = self.table;
        while self
            .peek(connection)
            .await?
            .is_some_and(|ours| key(table, ours) < key(table, row))
        {
            self.page.pop_front();
        }
        Ok(self
            .page
            .front()
            .filter(|ours| key(table, ours) == key(table, row)))
    }

    async fn turn(&self, connection: &mut AnyConnection) -> Result<VecDeque<CopiedRow>> {
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

/// How many rows a table has.
pub(super) async fn count(connection: &mut AnyConnection, table: &Table) -> Result<i64> {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {}", quoted(&table.name)));
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Adds rows, all or none.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    table: &Table,
    rows: &[CopiedRow],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (width, columns) = (
        table.columns.len(),
        listed(table.columns.iter().map(|column| quoted(&column.name))),
    );
    let values = marks(1, rows.len(), width, "");
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

/// Takes out a row, and what belongs to it.
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

/// Adds a row to a checksum: each value with its kind and its length, so that no two tables read
/// alike.
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

/// A column of the key, ordered by bytes whatever the database was told to order by.
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
    fn rows_that_differ_have_other_checksums() {
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
