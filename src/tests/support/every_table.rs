//! Rows in every table of a SQLite database, whatever tables its migrations made, and what stands
//! in all of them. It asks the database itself, so that a table that is new is neither left empty
//! nor left out.

use crate::server::store::Store;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::collections::BTreeMap;

#[derive(sqlx::FromRow)]
struct Column {
    name: String,
    kind: String,
    needed: i64,
    parent: Option<String>,
    parent_column: Option<String>,
}

/// Every table but the list of migrations.
pub async fn tables(connection: &mut AnyConnection) -> Vec<String> {
    let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite%' and name <> '_sqlx_migrations' order by name";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

async fn columns(connection: &mut AnyConnection, table: &str) -> Vec<Column> {
    let sql = "select c.name, lower(c.type) as kind, cast(c.\"notnull\" + c.pk as bigint) as needed, f.\"table\" as parent, f.\"to\" as parent_column \
               from pragma_table_info($1) c left join pragma_foreign_key_list($1) f on f.\"from\" = c.name order by c.cid";
    sqlx::query_as(sql)
        .bind(table)
        .fetch_all(connection)
        .await
        .unwrap()
}

/// Puts `rows` rows into every table: nulls where they may be, texts that sort otherwise than their
/// letters, bytes of any value.
pub async fn fill(store: &Store, rows: i64) {
    let mut tx = store.begin().await.unwrap();
    let mut left = tables(&mut tx).await;
    // a table that refers to another waits until that has rows
    for _ in 0..left.len() {
        let mut again = Vec::new();
        for table in left {
            let columns = columns(&mut tx, &table).await;
            for n in 0..rows {
                put(&mut tx, &table, &columns, n).await;
            }
            if count(&mut tx, &table).await == 0 {
                again.push(table);
            }
        }
        left = again;
    }
    assert_eq!(
        left,
        Vec::<String>::new(),
        "these tables took no row: teach this filler what they take"
    );
    tx.commit().await.unwrap();
}

async fn count(connection: &mut AnyConnection, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from \"{table}\"")))
        .fetch_one(connection)
        .await
        .unwrap()
}

/// One row; a table with a single row by its own rule keeps the one it has.
async fn put(connection: &mut AnyConnection, table: &str, columns: &[Column], n: i64) {
    let values: Vec<String> = columns
        .iter()
        .map(|column| value(table, column, n))
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
    let put = sqlx::query(AssertSqlSafe(sql)).execute(connection).await;
    assert!(
        put.is_ok() || put.unwrap_err().to_string().contains("constraint failed"),
        "{table}"
    );
}

fn value(table: &str, column: &Column, n: i64) -> String {
    let name = &column.name;
    if let (Some(parent), Some(to)) = (&column.parent, &column.parent_column) {
        return format!(
            "(select \"{to}\" from \"{parent}\" order by 1 limit 1 offset {n} % (select max(count(*), 1) from \"{parent}\"))"
        );
    }
    match column.kind.as_str() {
        // of earlier releases; migration 0012 lets it have no value
        _ if name == "moved_to" => "null".to_owned(),
        _ if column.needed == 0 && n % 3 == 0 => "null".to_owned(),
        "integer" => format!("{}", n * 1_000_003 - 7),
        "blob" => format!("x'00ff{:04x}'", n % 65_536),
        _ => format!(
            "'{}{table}.{name} {n}'",
            ["", "a", "B", "é", "Z", "_", "''"][n as usize % 7]
        ),
    }
}

/// Every row of every table, as SQLite itself writes it.
pub async fn dump(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut reader = store.read().await.unwrap();
    let mut dumped = BTreeMap::new();
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
        dumped.insert(
            table,
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&mut *reader)
                .await
                .unwrap(),
        );
    }
    dumped
}
