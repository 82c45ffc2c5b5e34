//! SQLite only: the settings of every connection, and that deleted text is gone from the files.

use crate::{
    domain::{EntryDraft, EntryPatch, Metadata, Status},
    server::{
        base::error::StoreError,
        chat::delete_conversation_rows,
        store::Store,
        work_log::{Origin, create_work_log, delete_entry_row, update_work_log},
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
async fn every_connection_has_the_durability_and_secure_delete_settings() {
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
async fn the_bundled_sqlite_lacks_the_bug_that_loses_commits() {
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
async fn a_url_of_an_unknown_database_is_refused() {
    let refused = Store::open("mysql://localhost/holly").await.err();
    assert!(
        matches!(refused, Some(StoreError::Unusable(_))),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_database_keeps_its_epoch_and_rows() {
    let database = Sqlite::create().await;
    let ada = person(&database.store, "ada").await;
    let conversation = conversation(&database.store, ada, "Conversation").await;
    let epoch = database.store.epoch();
    database.store.close().await;
    let file = database
        .files()
        .into_iter()
        .find(|path| path.ends_with("holly.db"))
        .unwrap();
    let reopened = Store::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    assert_eq!(reopened.epoch(), epoch);
    let found = crate::server::chat::find_conversation(
        &mut reopened.read().await.unwrap(),
        ada,
        conversation.id,
    )
    .await
    .unwrap();
    assert_eq!(found, conversation);
}

/// Text longer than one page, so that it also fills overflow pages.
fn canary_draft() -> EntryDraft {
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
    let conversation = conversation(store, ada, CANARY).await;
    let mut outside = Vec::new();
    for n in 0..20 {
        let conversation_id = (n % 2 == 0).then_some(conversation.id);
        let created = create_work_log(
            store,
            NOW,
            ada,
            EntryDraft {
                conversation_id,
                ..canary_draft()
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
        update_work_log(store, NOW, ada, created.id, patch)
            .await
            .unwrap();
        outside.extend(conversation_id.is_none().then_some(created.id));
    }
    assert!(store.truncate_log().await.unwrap());
    assert!(
        database.occurrences(CANARY) > 0,
        "the files should contain the text"
    );
    for id in outside {
        delete_entry_row(store, NOW, ada, id).await.unwrap();
    }
    delete_conversation_rows(store, NOW, ada, conversation.id)
        .await
        .unwrap();
    assert!(store.truncate_log().await.unwrap());
    assert_eq!(database.occurrences(CANARY), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wal_is_checkpointed_while_others_write() {
    let database = Sqlite::create().await;
    let store = database.store.clone();
    let checkpointer = tokio::spawn(async move { store.run_checkpoints().await });
    let ada = person(&database.store, "ada").await;
    for _ in 0..600 {
        create_work_log(&database.store, NOW, ada, canary_draft(), Origin::default())
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
        .expect("the WAL is written into the database");
    checkpointer.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wal_is_truncated_after_the_last_reader_without_blocking_writers() {
    let database = Sqlite::create().await;
    let store = &database.store;
    let ada = person(store, "ada").await;
    let mut reader = store.read().await.unwrap();
    // a snapshot begins with its first read
    pragma(&mut reader, "user_version").await;
    let created = create_work_log(store, NOW, ada, canary_draft(), Origin::default())
        .await
        .unwrap();
    delete_entry_row(store, NOW, ada, created.id).await.unwrap();
    assert!(
        !store.truncate_log().await.unwrap(),
        "a reader still needs the WAL"
    );
    create_work_log(
        store,
        NOW,
        ada,
        draft(Status::Info, "more"),
        Origin::default(),
    )
    .await
    .unwrap();
    assert!(database.occurrences(CANARY) > 0);
    drop(reader);
    let truncate = async { while !store.truncate_log().await.unwrap() {} };
    tokio::time::timeout(std::time::Duration::from_secs(120), truncate)
        .await
        .expect("no reader needs the WAL any more");
    assert_eq!(database.occurrences(CANARY), 0);
}
