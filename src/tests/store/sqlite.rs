//! What only SQLite has: its settings on every connection, and what its files still hold after a
//! deletion.

use crate::{
    domain::{EntryDraft, EntryPatch, Metadata, Status},
    server::{
        base::error::StoreError,
        chat::delete_conversation_rows,
        store::Store,
        work_log::{Origin, create_work_log, delete_work_log, update_work_log},
    },
    tests::support::{
        databases::Sqlite,
        people::{NOW, conversation, draft, person},
    },
};
use sqlx::AnyConnection;

const CANARY: &str = "canary-7f3a9e52";

async fn pragma(connection: &mut AnyConnection, name: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("pragma {name}")))
        .fetch_one(connection)
        .await
        .unwrap()
}

async fn check_settings(connection: &mut AnyConnection) {
    for (name, value) in [
        ("synchronous", 2),
        ("secure_delete", 1),
        ("auto_vacuum", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 10_000),
    ] {
        assert_eq!(pragma(connection, name).await, value, "{name}");
    }
    let mode: String = sqlx::query_scalar("pragma journal_mode")
        .fetch_one(connection)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_keeps_what_is_promised_about_power_cuts_and_deleted_text() {
    let database = Sqlite::create().await;
    check_settings(&mut database.store.begin().await.unwrap()).await;
    let mut readers = Vec::new();
    for _ in 0..6 {
        readers.push(database.store.read().await.unwrap());
    }
    for reader in &mut readers {
        check_settings(reader).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sqlite_in_the_program_does_not_have_the_bug_that_loses_commits() {
    let database = Sqlite::create().await;
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(&mut *database.store.read().await.unwrap())
        .await
        .unwrap();
    let numbers: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(numbers >= vec![3, 51, 3], "{version}");
}

#[tokio::test]
async fn an_address_of_no_known_database_is_refused() {
    let refused = Store::open("mysql://localhost/holly").await.err();
    assert!(
        matches!(refused, Some(StoreError::Unusable(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_opened_again_has_its_epoch_and_its_rows() {
    let database = Sqlite::create().await;
    let ada = person(&database.store, "ada").await;
    let talk = conversation(&database.store, ada, "Talk").await;
    let epoch = database.store.epoch();
    database.store.close().await;
    let file = database
        .files()
        .into_iter()
        .find(|path| path.ends_with("holly.db"))
        .unwrap();
    let again = Store::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    assert_eq!(again.epoch(), epoch);
    let found =
        crate::server::chat::find_conversation(&mut again.read().await.unwrap(), ada, talk.id)
            .await
            .unwrap();
    assert_eq!(found, talk);
}

/// Some text that is too long for one page, so that it also lies on overflow pages.
fn canaries() -> EntryDraft {
    EntryDraft {
        details: Some(CANARY.repeat(1_000)),
        metadata: Metadata::default().with("note", CANARY),
        ..draft(Status::Working, &format!("Title with {CANARY}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_text_is_gone_from_the_files() {
    let database = Sqlite::create().await;
    let store = &database.store;
    let ada = person(store, "ada").await;
    let talk = conversation(store, ada, CANARY).await;
    let mut alone = Vec::new();
    for n in 0..20 {
        let place = (n % 2 == 0).then_some(talk.id);
        let made = create_work_log(
            store,
            NOW,
            ada,
            EntryDraft {
                conversation_id: place,
                ..canaries()
            },
            Origin::default(),
        )
        .await
        .unwrap();
        let patch = EntryPatch {
            title: Some(format!("{n} {CANARY}")),
            details: Some(Some(CANARY.repeat(n))),
            ..EntryPatch::default()
        };
        update_work_log(store, NOW, ada, made.id, patch)
            .await
            .unwrap();
        alone.extend(place.is_none().then_some(made.id));
    }
    assert!(store.cut_log().await.unwrap());
    assert!(
        database.occurrences(CANARY) > 0,
        "the files are where the text lies"
    );
    for id in alone {
        delete_work_log(store, NOW, ada, id).await.unwrap();
    }
    delete_conversation_rows(store, NOW, ada, talk.id)
        .await
        .unwrap();
    assert!(store.cut_log().await.unwrap());
    assert_eq!(database.occurrences(CANARY), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_written_into_the_database_beside_those_who_write() {
    let database = Sqlite::create().await;
    let beside = database.store.clone();
    let writing_it = tokio::spawn(async move { beside.tend_log().await });
    let ada = person(&database.store, "ada").await;
    for _ in 0..600 {
        create_work_log(&database.store, NOW, ada, canaries(), Origin::default())
            .await
            .unwrap();
    }
    let file = database
        .files()
        .into_iter()
        .find(|path| path.ends_with("holly.db"))
        .unwrap();
    let written = async {
        while !std::fs::read(&file)
            .unwrap()
            .windows(CANARY.len())
            .any(|bytes| bytes == CANARY.as_bytes())
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), written)
        .await
        .expect("somebody writes it");
    writing_it.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_cut_off_as_soon_as_nobody_reads_it_and_nobody_who_writes_waits_for_that() {
    let database = Sqlite::create().await;
    let store = &database.store;
    let ada = person(store, "ada").await;
    let mut reader = store.read().await.unwrap();
    // a snapshot is of the moment when it is first read
    pragma(&mut reader, "user_version").await;
    let made = create_work_log(store, NOW, ada, canaries(), Origin::default())
        .await
        .unwrap();
    delete_work_log(store, NOW, ada, made.id).await.unwrap();
    assert!(
        !store.cut_log().await.unwrap(),
        "somebody reads what was there before"
    );
    create_work_log(
        store,
        NOW,
        ada,
        draft(Status::Info, "goes on"),
        Origin::default(),
    )
    .await
    .unwrap();
    assert!(database.occurrences(CANARY) > 0);
    drop(reader);
    let cut = async { while !store.cut_log().await.unwrap() {} };
    tokio::time::timeout(std::time::Duration::from_secs(120), cut)
        .await
        .expect("nobody reads it any more");
    assert_eq!(database.occurrences(CANARY), 0);
}
