//! Fills and dumps every table of a SQLite database. The tables come from the database itself, so a
//! new table is neither left empty nor omitted.

use crate::server::store::Store;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::collections::BTreeMap;

#[derive(sqlx::FromRow)]
struct Column {
    name: String,
    kind: String,
    required: i64,
    parent: Option<String>,
    parent_column: Option<String>,
}

/// The names of all tables except the list of migrations.
pub async fn tables(connection: &mut AnyConnection) -> Vec<String> {
    let sql = "select name from sqlite_schema where type = 'table' \
               and name not like 'sqlite%' and name <> '_sqlx_migrations' order by name";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

async fn columns(connection: &mut AnyConnection, table: &str) -> Vec<Column> {
    let sql = "select c.name, lower(c.type) as kind, \
               cast(c.\"notnull\" + c.pk as bigint) as required, \
               f.\"table\" as parent, f.\"to\" as parent_column from pragma_table_info($1) c \
               left join pragma_foreign_key_list($1) f on f.\"from\" = c.name order by c.cid";
    sqlx::query_as(sql)
        .bind(table)
        .fetch_all(connection)
        .await
        .unwrap()
}

/// Inserts `rows` rows into every table, with nulls where allowed, texts that sort differently by
/// bytes and by letters, and arbitrary bytes.
pub async fn fill(store: &Store, rows: i64) {
    let mut tx = store.begin().await.unwrap();
    let mut pending = tables(&mut tx).await;
    // a table with a foreign key is retried once its parent has rows
    for _ in 0..pending.len() {
        let mut empty = Vec::new();
        for table in pending {
            let columns = columns(&mut tx, &table).await;
            for n in 0..rows {
                insert_row(&mut tx, &table, &columns, n).await;
            }
            if count(&mut tx, &table).await == 0 {
                empty.push(table);
            }
        }
        pending = empty;
    }
    assert_eq!(
        pending,
        Vec::<String>::new(),
        "these tables are still empty: extend `column_value` for them"
    );
    tx.commit().await.unwrap();
}

async fn count(connection: &mut AnyConnection, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from \"{table}\"")))
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Inserts one row. A row that violates a constraint is skipped: some tables allow one row only.
async fn insert_row(connection: &mut AnyConnection, table: &str, columns: &[Column], n: i64) {
    let values: Vec<String> = columns
        .iter()
        .map(|column| column_value(table, column, n))
        .collect();
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect();
    let sql = format!(
        "insert or ignore into \"{table}\" ({}) values ({})",
        names.join(", "),
        values.join(", ")
    );
    let inserted = sqlx::query(AssertSqlSafe(sql)).execute(connection).await;
    assert!(
        inserted.is_ok()
            || inserted
                .unwrap_err()
                .to_string()
                .contains("constraint failed"),
        "{table}"
    );
}

fn column_value(table: &str, column: &Column, n: i64) -> String {
    let name = &column.name;
    if let (Some(parent), Some(to)) = (&column.parent, &column.parent_column) {
        return format!(
            "(select \"{to}\" from \"{parent}\" order by 1 limit 1 \
             offset {n} % (select max(count(*), 1) from \"{parent}\"))"
        );
    }
    match column.kind.as_str() {
        // unused; migration 0012 requires it to be null
        _ if name == "moved_to" => "null".to_owned(),
        _ if column.required == 0 && n % 3 == 0 => "null".to_owned(),
        "integer" => format!("{}", n * 1_000_003 - 7),
        "blob" => format!("x'00ff{:04x}'", n % 65_536),
        _ => format!(
            "'{}{table}.{name} {n}'",
            ["", "a", "B", "é", "Z", "_", "''"][n as usize % 7]
        ),
    }
}

/// Every row of every table, as SQL literals quoted by SQLite.
pub async fn dump(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut reader = store.read().await.unwrap();
    let mut rows_by_table = BTreeMap::new();
    for table in tables(&mut reader).await {
        let columns: Vec<String> = columns(&mut reader, &table)
            .await
            .iter()
            .map(|column| format!("quote(\"{}\")", column.name))
            .collect();
        let sql = format!(
            "select {} from \"{table}\" order by 1",
            columns.join(" || ', ' || ")
        );
        rows_by_table.insert(
            table,
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&mut *reader)
                .await
                .unwrap(),
        );
    }
    rows_by_table
}
