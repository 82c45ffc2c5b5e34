//! A database of its own for each test: a file in a folder that goes with it, or a database in the
//! PostgreSQL cluster that `HOLLY_TEST_POSTGRES` names. Without that cluster its tests fail;
//! nothing is passed over in silence.

use crate::server::{base::digest::random_hex, store::Store};
use sqlx::{AnyConnection, Connection};
use std::path::PathBuf;
use tempfile::TempDir;

/// Makes two tests of each function: `a_sentence::sqlite` and `a_sentence::postgres`.
macro_rules! on_both_databases {
    ($(async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn holds($store: crate::server::store::Store) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                let database = $crate::tests::support::databases::Sqlite::create().await;
                holds(database.store.clone()).await;
                database.store.close().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                let database = $crate::tests::support::databases::Postgres::create().await;
                holds(database.store.clone()).await;
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
    /// Makes one in a folder of its own.
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

    /// Its address.
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

    /// How often `text` stands in its files.
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
    /// Makes one in the cluster of `HOLLY_TEST_POSTGRES`.
    pub async fn create() -> Self {
        let cluster = std::env::var("HOLLY_TEST_POSTGRES")
            .expect("HOLLY_TEST_POSTGRES is not set; run `make test`");
        let name = format!("holly_test_{}", random_hex::<8>());
        command(
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

    /// Its address.
    pub fn address(&self) -> String {
        address(&self.cluster, &self.name)
    }

    /// Ends every connection that listens for hints.
    pub async fn kill_listeners(&self) {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and query ilike 'listen%'";
        let killed: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut *self.store.read().await.unwrap())
            .await
            .unwrap();
        assert!(killed > 0, "somebody listens");
    }

    /// Waits until so many connections listen.
    pub async fn until_listening(&self, connections: i64) {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen%'";
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

    /// Waits until as many as `writers` stand before a lock that somebody else holds.
    pub async fn until_waiting(&self, writers: i64) {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
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

    /// Closes it and takes it away; one whose test failed stays to be looked at.
    pub async fn drop(self) {
        self.store.close().await;
        command(
            &self.cluster,
            &format!("drop database {} with (force)", self.name),
        )
        .await;
    }
}

/// Copies a database of a cluster to which nobody is connected, and returns the copy's address.
pub async fn copy(of: &str) -> String {
    let (cluster, name) = taken_apart(of);
    let copy = format!("holly_test_{}", random_hex::<8>());
    command(&cluster, &format!("create database {copy} template {name}")).await;
    address(&cluster, &copy)
}

/// Takes a copy away to which nobody is connected.
pub async fn drop_copy(copy: &str) {
    let (cluster, name) = taken_apart(copy);
    command(&cluster, &format!("drop database {name}")).await;
}

/// The cluster's own address, and the name of the database in `of`.
fn taken_apart(of: &str) -> (String, String) {
    let place = of.split_once('?').map_or(of, |(place, _)| place);
    let (_, name) = place.rsplit_once('/').expect("a database is named");
    (address(of, "postgres"), name.to_owned())
}

async fn command(cluster: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(cluster)
        .await
        .expect("the cluster of HOLLY_TEST_POSTGRES answers");
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// The cluster's address with another database in it.
fn address(cluster: &str, database: &str) -> String {
    let (place, options) = cluster.split_once('?').unwrap_or((cluster, ""));
    let (host, _) = place
        .rsplit_once('/')
        .expect("HOLLY_TEST_POSTGRES ends with a database, such as /postgres");
    if options.is_empty() {
        format!("{host}/{database}")
    } else {
        format!("{host}/{database}?{options}")
    }
}

#[test]
fn the_address_of_another_database_keeps_the_rest() {
    assert_eq!(
        address("postgres://me@host:5/postgres", "x"),
        "postgres://me@host:5/x"
    );
    assert_eq!(
        address("postgres:///postgres?host=/run", "x"),
        "postgres:///x?host=/run"
    );
    assert_eq!(
        taken_apart("postgres:///x?host=/run"),
        ("postgres:///postgres?host=/run".to_owned(), "x".to_owned())
    );
}
