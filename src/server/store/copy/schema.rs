//! The tables of a database, read from its catalogue, parents before children, so that tables of
//! later migrations are copied too. A column of an unknown type stops the copy before it begins.

use crate::server::{
    base::error::StoreError,
    store::{Result, backend::Backend},
};
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashSet};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Number,
    Text,
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
}

/// A table; `key` has the indices of the primary key's columns, in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<usize>,
}

impl Table {
    /// Whether its rows belong to users.
    pub(super) fn has_owners(&self) -> bool {
        self.name == "users" || self.columns.iter().any(|column| column.name == "user_id")
    }

    /// Why the other database's table of this name cannot take its rows, if so.
    pub(super) fn mismatch(&self, other: Option<&Self>) -> Option<String> {
        let Some(other) = other else {
            return Some(format!("the target has no table {}", self.name));
        };
        let sorted = |table: &Self| {
            let mut columns: Vec<_> = table
                .columns
                .iter()
                .map(|column| format!("{} {:?}", column.name, column.kind))
                .collect();
            columns.sort();
            columns
        };
        (sorted(self) != sorted(other))
            .then(|| format!("the table {} has other columns in the target", self.name))
    }
}

#[derive(sqlx::FromRow)]
struct ColumnRow {
    table_name: String,
    column_name: String,
    kind: String,
    place: i64,
}

const SQLITE_COLUMNS: &str = "select t.name as table_name, c.name as column_name, lower(c.type) \
                              as kind, cast(c.pk as bigint) as place \
    from sqlite_schema t join pragma_table_info(t.name) c where t.type = 'table' and t.name not \
    like 'sqlite%' order by t.name, c.cid";
const SQLITE_PARENTS: &str = "select t.name, f.\"table\" from sqlite_schema t join \
                              pragma_foreign_key_list(t.name) f where t.type = 'table'";

/// Partitions are excluded; they are read and written through their parent.
const POSTGRES_COLUMNS: &str = "select cast(t.relname as text) as table_name, cast(c.attname as \
    text) as column_name, format_type(c.atttypid, null) as kind, \
    cast(coalesce(array_position(cast(k.indkey as int2[]), c.attnum) + 1, 0) as bigint) as place \
    from pg_class t join pg_attribute c on c.attrelid = t.oid and c.attnum > 0 and not \
    c.attisdropped left join pg_index k on k.indrelid = t.oid and k.indisprimary \
    where t.relnamespace = cast(current_schema() as regnamespace) and t.relkind in ('r', 'p') and \
    not t.relispartition order by t.relname, c.attnum";
const POSTGRES_PARENTS: &str = "select cast(c.relname as text), cast(p.relname as text) from \
    pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class p on p.oid = f.confrelid \
    where f.contype = 'f' and c.relnamespace = cast(current_schema() as regnamespace)";

/// All tables except that of the migrations, parents first.
pub(super) async fn tables(connection: &mut AnyConnection, backend: Backend) -> Result<Vec<Table>> {
    let (columns, parents) = match backend {
        Backend::Sqlite => (SQLITE_COLUMNS, SQLITE_PARENTS),
        Backend::Postgres | Backend::Pooled => (POSTGRES_COLUMNS, POSTGRES_PARENTS),
    };
    let columns: Vec<ColumnRow> = sqlx::query_as(columns).fetch_all(&mut *connection).await?;
    let parents: Vec<(String, String)> = sqlx::query_as(parents).fetch_all(connection).await?;
    let mut by_name: BTreeMap<String, Vec<ColumnRow>> = BTreeMap::new();
    for column in columns
        .into_iter()
        .filter(|column| column.table_name != "_sqlx_migrations")
    {
        by_name
            .entry(column.table_name.clone())
            .or_default()
            .push(column);
    }
    let tables = by_name
        .into_iter()
        .map(|(name, columns)| table(name, &columns))
        .collect::<Result<Vec<_>>>()?;
    Ok(parents_first(tables, &parents))
}

fn table(name: String, rows: &[ColumnRow]) -> Result<Table> {
    let mut key: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].place > 0).collect();
    key.sort_by_key(|at| rows[*at].place);
    if key.is_empty() {
        return Err(StoreError::Unusable(format!(
            "the table {name} has no primary key, so it cannot be copied"
        )));
    }
    let column = |row: &ColumnRow| {
        let kind = match row.kind.as_str() {
            "bigint" | "integer" | "smallint" => ColumnKind::Number,
            "text" => ColumnKind::Text,
            "bytea" | "blob" => ColumnKind::Bytes,
            other => {
                return Err(StoreError::Unusable(format!(
                    "{name}.{} has the type {other}, which cannot be copied",
                    row.column_name
                )));
            }
        };
        Ok(Column {
            name: row.column_name.clone(),
            kind,
        })
    };
    Ok(Table {
        columns: rows.iter().map(column).collect::<Result<_>>()?,
        key,
        name,
    })
}

fn parents_first(mut remaining: Vec<Table>, parents: &[(String, String)]) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::new();
    while !remaining.is_empty() {
        let remaining_names: HashSet<&str> =
            remaining.iter().map(|table| table.name.as_str()).collect();
        let has_remaining_parent = |table: &Table| {
            parents.iter().any(|(child, parent)| {
                *child == table.name && child != parent && remaining_names.contains(parent.as_str())
            })
        };
        // tables in a cycle are taken in the given order
        let next = remaining
            .iter()
            .position(|table| !has_remaining_parent(table))
            .unwrap_or(0);
        ordered.push(remaining.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Table {
        Table {
            name: name.to_owned(),
            columns: vec![Column {
                name: "id".to_owned(),
                kind: ColumnKind::Text,
            }],
            key: vec![0],
        }
    }

    fn order(tables: &[&str], parents: &[(&str, &str)]) -> Vec<String> {
        let parents: Vec<_> = parents
            .iter()
            .map(|(child, parent)| ((*child).to_owned(), (*parent).to_owned()))
            .collect();
        parents_first(tables.iter().map(|name| named(name)).collect(), &parents)
            .into_iter()
            .map(|table| table.name)
            .collect()
    }

    #[test]
    fn parents_precede_their_children_and_cycles_are_kept() {
        assert_eq!(
            order(&["a", "b", "c"], &[("a", "b"), ("b", "c")]),
            ["c", "b", "a"]
        );
        assert_eq!(
            order(&["a", "b"], &[("a", "b"), ("b", "a"), ("a", "a")]),
            ["a", "b"]
        );
    }

    #[test]
    fn a_table_that_differs_in_the_target_is_named() {
        let mut other = named("files");
        assert_eq!(named("files").mismatch(Some(&other)), None);
        other.columns[0].kind = ColumnKind::Number;
        assert!(
            named("files")
                .mismatch(Some(&other))
                .unwrap()
                .contains("files")
        );
        assert!(named("files").mismatch(None).unwrap().contains("files"));
    }

    #[test]
    fn an_unknown_column_type_is_refused_by_name() {
        let row = |kind: &str, place| ColumnRow {
            table_name: "t".into(),
            column_name: "c".into(),
            kind: kind.into(),
            place,
        };
        assert!(
            table("t".into(), &[row("double precision", 1)])
                .unwrap_err()
                .to_string()
                .contains("t.c")
        );
        assert!(
            table("t".into(), &[row("text", 0)])
                .unwrap_err()
                .to_string()
                .contains("primary key")
        );
    }
}
