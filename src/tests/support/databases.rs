//! A fresh database for each test: a SQLite file in a temporary folder, or a database in the
//! PostgreSQL cluster of `HOLLY_TEST_POSTGRES`. Without that variable the PostgreSQL tests fail;
//! none is skipped silently.

use crate::server::{base::digest::random_hex, store::Store};
use sqlx::{AnyConnection, Connection};
use std::path::PathBuf;
use tempfile::TempDir;

/// Makes two tests of each function, `name::sqlite` and `name::postgres`.
macro_rules! on_both_databases {
    ($(async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test_body($store: crate::server::store::Store) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let database = $crate::tests::support::databases::Sqlite::create().await;
                test_body(database.store.clone()).await;
                database.store.close().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let database = $crate::tests::support::databases::Postgres::create().await;
                test_body(database.store.clone()).await;
                database.drop().await;
            }
        }
    )+};
}

pub(crate) use on_both_databases;

/// A fresh SQLite database.
pub struct Sqlite {
    /// The open store.
    pub store: Store,
    folder: TempDir,
}

impl Sqlite {
    /// Creates one in a temporary folder.
    pub async fn create() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&format!(
            "sqlite://{}",
            folder.path().join("holly.db").display()
        ))
        .await
        .unwrap();
        Self { store, folder }
    }

    /// Its URL.
    pub fn address(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("holly.db").display())
    }

    /// Its files: the database and, while it is open, its write-ahead log and index.
    pub fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect()
    }

    /// The number of times its files contain `text`.
    pub fn occurrences(&self, text: &str) -> usize {
        let found = |path: PathBuf| {
            std::fs::read(path)
                .unwrap()
                .windows(text.len())
                .filter(|part| *part == text.as_bytes())
                .count()
        };
        self.files().into_iter().map(found).sum()
    }
}

/// A fresh PostgreSQL database.
pub struct Postgres {
    /// The open store.
    pub store: Store,
    cluster: String,
    name: String,
}

impl Postgres {
    /// Creates one in the cluster of `HOLLY_TEST_POSTGRES`.
    pub async fn create() -> Self {
        let cluster = std::env::var("HOLLY_TEST_POSTGRES")
            .expect("HOLLY_TEST_POSTGRES is not set; run `make test`");
        let name = format!("holly_test_{}", random_hex::<8>());
        execute(
            &cluster,
            &format!("create database {name} template template0 encoding 'utf8'"),
        )
        .await;
        let store = Store::open(&address(&cluster, &name)).await.unwrap();
        Self {
            store,
            cluster,
            name,
        }
    }

    /// Its URL.
    pub fn address(&self) -> String {
        address(&self.cluster, &self.name)
    }

    /// Terminates every connection that listens for notifications.
    pub async fn kill_listeners(&self) {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and query ilike 'listen%'";
        let killed: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut *self.store.read().await.unwrap())
            .await
            .unwrap();
        assert!(killed > 0, "no connection listens");
    }

    /// Waits until this many connections listen.
    pub async fn until_listening(&self, connections: i64) {
        let sql = "select count(*) from pg_stat_activity \
                   where datname = current_database() and query ilike 'listen%'";
        let listening = async || {
            sqlx::query_scalar::<_, i64>(sql)
                .fetch_one(&mut *self.store.read().await.unwrap())
                .await
                .unwrap()
        };
        while listening().await != connections {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until at least `writers` connections wait for a lock.
    pub async fn until_waiting(&self, writers: i64) {
        let sql = "select count(*) from pg_stat_activity \
                   where datname = current_database() and wait_event_type = 'Lock'";
        let waiting = async || {
            sqlx::query_scalar::<_, i64>(sql)
                .fetch_one(&mut *self.store.read().await.unwrap())
                .await
                .unwrap()
        };
        while waiting().await < writers {
            tokio::task::yield_now().await;
        }
    }

    /// Closes and drops the database. After a failed test it stays for inspection.
    pub async fn drop(self) {
        self.store.close().await;
        execute(
            &self.cluster,
            &format!("drop database {} with (force)", self.name),
        )
        .await;
    }
}

/// Copies a PostgreSQL database without connections; returns the copy's URL.
pub async fn copy(url: &str) -> String {
    let (cluster, name) = split_url(url);
    let copy = format!("holly_test_{}", random_hex::<8>());
    execute(&cluster, &format!("create database {copy} template {name}")).await;
    address(&cluster, &copy)
}

/// Creates a database without tables in this cluster; returns its URL.
pub async fn create_empty(cluster: &str) -> String {
    let name = format!("holly_test_{}", random_hex::<8>());
    let sql = format!("create database {name} template template0 encoding 'utf8'");
    execute(cluster, &sql).await;
    address(cluster, &name)
}

/// Drops a copy without connections.
pub async fn drop_copy(copy: &str) {
    let (cluster, name) = split_url(copy);
    execute(&cluster, &format!("drop database {name}")).await;
}

/// The URL of the cluster's `postgres` database, and the name of the database in `url`.
fn split_url(url: &str) -> (String, String) {
    let base = url.split_once('?').map_or(url, |(base, _)| base);
    let (_, name) = base.rsplit_once('/').expect("the URL names a database");
    (address(url, "postgres"), name.to_owned())
}

async fn execute(cluster: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(cluster)
        .await
        .expect("the cluster of HOLLY_TEST_POSTGRES is unreachable");
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// The cluster's URL with another database.
fn address(cluster: &str, database: &str) -> String {
    let (base, options) = cluster.split_once('?').unwrap_or((cluster, ""));
    let (host, _) = base
        .rsplit_once('/')
        .expect("HOLLY_TEST_POSTGRES must end with a database, such as /postgres");
    if options.is_empty() {
        format!("{host}/{database}")
    } else {
        format!("{host}/{database}?{options}")
    }
}

#[test]
fn the_url_of_another_database_keeps_host_and_options() {
    assert_eq!(
        address("postgres://me@host:5/postgres", "x"),
        "postgres://me@host:5/x"
    );
    assert_eq!(
        address("postgres:///postgres?host=/run", "x"),
        "postgres:///x?host=/run"
    );
    assert_eq!(
        split_url("postgres:///x?host=/run"),
        ("postgres:///postgres?host=/run".to_owned(), "x".to_owned())
    );
}
