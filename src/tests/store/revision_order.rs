//! Why revisions do not come from a sequence. These tests force an order: A takes its number first
//! and commits last. With a sequence a reader misses A's row forever; with `Tx::next_rev` B cannot
//! take its number before A commits.

use crate::{
    domain::RemovedKind,
    server::{
        base::new_id,
        store::{Store, Tx, changes, removed},
    },
    tests::support::{
        databases::{Postgres, Sqlite},
        people::{NOW, person},
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

async fn insert_plain_row(tx: &mut Tx<'_>) -> i64 {
    sqlx::query_scalar("insert into plain default values returning rev")
        .fetch_one(&mut **tx)
        .await
        .unwrap()
}

async fn plain_rows_after(store: &Store, cursor: i64) -> Vec<i64> {
    let mut reader = store.read().await.unwrap();
    sqlx::query_scalar("select rev from plain where rev > $1 order by rev")
        .bind(cursor)
        .fetch_all(&mut *reader)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_sequence_a_reader_misses_a_row_forever() {
    let database = Postgres::create().await;
    let store = &database.store;
    let mut tx = store.begin().await.unwrap();
    sqlx::query("create table plain (rev bigserial primary key)")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let mut a = store.begin().await.unwrap();
    let first = insert_plain_row(&mut a).await;
    let mut b = store.begin().await.unwrap();
    let second = insert_plain_row(&mut b).await;
    b.commit().await.unwrap();
    let seen = plain_rows_after(store, 0).await;
    a.commit().await.unwrap();

    assert_eq!(
        seen,
        [second],
        "the reader sees the later number without the earlier one"
    );
    assert_eq!(
        plain_rows_after(store, second).await,
        [0_i64; 0],
        "from there on it never sees the earlier one"
    );
    assert_eq!(
        plain_rows_after(store, 0).await,
        [first, second],
        "although the earlier one exists"
    );
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_next_rev_the_second_writer_waits_for_the_first_on_postgres() {
    let database = Postgres::create().await;
    let store = database.store.clone();
    let waits = async |store: &Store| {
        let sql = "select count(*) from pg_stat_activity \
                   where datname = current_database() and wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i64>(sql)
            .fetch_one(&mut *store.read().await.unwrap())
            .await
            .unwrap()
            == 1
    };
    check_second_writer_waits(&store, waits).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_next_rev_the_second_writer_waits_for_the_first_on_sqlite() {
    let database = Sqlite::create().await;
    let mut polls = 0;
    let waits = async move |_: &Store| {
        tokio::task::yield_now().await;
        polls += 1;
        polls == 100
    };
    check_second_writer_waits(&database.store, waits).await;
}

/// Forces the order of events above; `waits` returns whether B waits for the lock.
async fn check_second_writer_waits(store: &Store, mut waits: impl AsyncFnMut(&Store) -> bool) {
    let ada = person(store, "ada").await;
    let mut a = store.begin().await.unwrap();
    let first = a.next_rev(ada).await.unwrap();
    let a_committed = Arc::new(AtomicBool::new(false));
    let b = tokio::spawn({
        let (store, a_committed) = (store.clone(), a_committed.clone());
        async move {
            let mut b = store.begin().await.unwrap();
            removed::record(
                &mut b,
                NOW,
                ada,
                RemovedKind::Entry,
                new_id::entry(NOW).uuid(),
            )
            .await
            .unwrap();
            let waited = a_committed.load(Ordering::SeqCst);
            b.commit().await.unwrap();
            waited
        }
    });
    while !waits(store).await {
        assert!(
            !b.is_finished(),
            "B took its number while A held the owner's lock"
        );
    }
    let page = changes::after(&mut store.connection().await.unwrap(), ada, 0)
        .await
        .unwrap();
    assert_eq!((page.rows.len(), page.upto), (0, 0));
    a_committed.store(true, Ordering::SeqCst);
    a.commit().await.unwrap();
    assert!(b.await.unwrap());
    let page = changes::after(&mut store.connection().await.unwrap(), ada, 0)
        .await
        .unwrap();
    assert_eq!(page.upto, first + 1);
}
