//! The tables' history: many who open a new database at once, and a program that is older than the database.

use crate::{
    server::store::Store,
    tests::support::databases::{Postgres, Sqlite},
};
use futures::future::join_all;
use tempfile::TempDir;

const OF_TOMORROW: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
    select 9999, 'of tomorrow', success, checksum, 0 from _sqlx_migrations where version = 1";
const OF_OTHER_SOURCES: &str = "update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 2) where version = 1";

/// Changes the history and says what the next opening answers.
async fn opened_after(change: &'static str, store: &Store, address: &str) -> String {
    let mut tx = store.begin().await.unwrap();
    assert_eq!(
        sqlx::query(change)
            .execute(&mut *tx)
            .await
            .unwrap()
            .rows_affected(),
        1
    );
    tx.commit().await.unwrap();
    Store::open(address)
        .await
        .err()
        .expect("it does not open")
        .to_string()
}

/// A program that is older than the database, and one of other sources.
async fn is_refused_plainly(store: &Store, address: &str) {
    let newer = opened_after(OF_TOMORROW, store, address).await;
    assert!(
        newer.contains("newer Holly") && newer.contains("9999") && newer.contains("backup"),
        "{newer}"
    );
    let mut tx = store.begin().await.unwrap();
    sqlx::query("delete from _sqlx_migrations where version = 9999")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let other = opened_after(OF_OTHER_SOURCES, store, address).await;
    assert!(other.contains("step 1 is not the one"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_plainly_on_sqlite() {
    let database = Sqlite::create().await;
    is_refused_plainly(&database.store, &database.address()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_plainly_on_postgres() {
    let database = Postgres::create().await;
    is_refused_plainly(&database.store, &database.address()).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_sqlite_database_at_once() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite://{}", folder.path().join("holly.db").display());
    let opening = (0..8).map(|_| {
        let address = address.clone();
        tokio::spawn(async move { Store::open(&address).await.map(|store| store.epoch()) })
    });
    let epochs: Vec<_> = join_all(opening)
        .await
        .into_iter()
        .map(|opened| opened.unwrap().unwrap())
        .collect();
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
}
