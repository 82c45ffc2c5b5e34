//! Stored files: in the data directory, in a bucket, and moved from one to the other.

use crate::{
    domain::{
        ids::{FileId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::{clock::Clock, error::FileError, new_id},
        files::{FileStore, sweep::sweep_files},
        store::{
            files::{self, FileRecord},
            meta,
        },
    },
    tests::support::{
        databases::Sqlite,
        people::{NOW, conversation, person},
    },
};
use futures::TryStreamExt;
use std::path::Path;
use uuid::Uuid;

/// The file store of a server whose archive is in this folder of the test bucket.
fn in_bucket(folder: &str, data: &Path) -> FileStore {
    assert!(
        std::env::var("AWS_ENDPOINT_URL").is_ok(),
        "AWS_ENDPOINT_URL is not set; run `make test`"
    );
    FileStore::open(&format!("s3://holly/{folder}"), data).unwrap()
}

fn in_folder(data: &Path) -> FileStore {
    FileStore::open("file:///nowhere", data).unwrap()
}

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn file(number: u128) -> FileId {
    FileId::from_uuid(Uuid::from_u128(number))
}

fn in_days(days: i64) -> Timestamp {
    Clock::system().now().plus(days * DAY_MS)
}

#[tokio::test]
async fn local_files_are_read_moved_and_deleted_after_a_bucket_is_set() {
    let data = tempfile::tempdir().unwrap();
    let (ada, bob) = (user(1), user(2));
    let local = in_folder(data.path());
    for (owner, id) in [(ada, file(1)), (ada, file(2)), (bob, file(3))] {
        local
            .write(owner, id, b"0123456789".to_vec())
            .await
            .unwrap();
    }
    let bucket = in_bucket("moved", data.path());
    bucket.write(ada, file(4), b"new".to_vec()).await.unwrap();
    assert_eq!(bucket.read(ada, file(1)).await.unwrap(), "0123456789");
    bucket.delete(ada, &[file(2), file(9)]).await.unwrap();
    assert_eq!(bucket.move_to_bucket().await.unwrap(), 2);
    assert_eq!(bucket.move_to_bucket().await.unwrap(), 0);
    let other_data = tempfile::tempdir().unwrap();
    let other_server = in_bucket("moved", other_data.path());
    let part: Vec<_> = other_server
        .stream(ada, file(1), Some(2..5))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(part.concat(), b"234");
    other_server.delete_all(ada).await.unwrap();
    for id in [file(1), file(2), file(4)] {
        assert_eq!(bucket.read(ada, id).await, Err(FileError::Missing));
    }
    assert_eq!(bucket.read(bob, file(3)).await.unwrap(), "0123456789");
    bucket.delete_all(bob).await.unwrap();
    assert_eq!(
        bucket
            .stored(in_days(1))
            .try_collect::<Vec<_>>()
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn orphaned_files_are_deleted_after_two_days_by_a_daily_sweep() {
    let database = Sqlite::create().await;
    let data = tempfile::tempdir().unwrap();
    let store = in_folder(data.path());
    let ada = person(&database.store, "ada").await;
    let conversation_id = conversation(&database.store, ada, "Here").await.id;
    let (referenced, orphaned) = (new_id::file(NOW), new_id::file(NOW));
    for id in [referenced, orphaned] {
        store.write(ada, id, b"bytes".to_vec()).await.unwrap();
    }
    let mut tx = database.store.begin().await.unwrap();
    let record = FileRecord {
        id: referenced,
        conversation_id,
        media_type: "text/plain".into(),
        name: "a".into(),
        bytes: 5,
    };
    files::insert(&mut tx, NOW, ada, &record).await.unwrap();
    // as a server does when it starts
    meta::record_use(&mut tx, in_days(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        sweep_files(&database.store, &store, in_days(1), false)
            .await
            .unwrap(),
        0,
        "a row may still be added"
    );
    assert_eq!(
        sweep_files(&database.store, &store, in_days(3), false)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        (
            store.read(ada, referenced).await.unwrap(),
            store.read(ada, orphaned).await
        ),
        ("bytes".into(), Err(FileError::Missing))
    );
    store.write(ada, orphaned, b"bytes".to_vec()).await.unwrap();
    assert_eq!(
        sweep_files(&database.store, &store, in_days(3), false)
            .await
            .unwrap(),
        0,
        "the sweep already ran today"
    );
    assert_eq!(
        sweep_files(&database.store, &store, in_days(4), false)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn partial_files_of_interrupted_writes_are_removed() {
    let data = tempfile::tempdir().unwrap();
    let store = in_folder(data.path());
    store
        .write(user(1), file(1), b"whole".to_vec())
        .await
        .unwrap();
    let partial = data
        .path()
        .join("files")
        .join(user(1).to_string())
        .join(format!("{}#1", file(2)));
    std::fs::write(&partial, b"ha").unwrap();
    assert_eq!(
        store.clear_incomplete(in_days(-1)).await.unwrap(),
        0,
        "the write may still be running"
    );
    assert_eq!(store.clear_incomplete(in_days(1)).await.unwrap(), 1);
    assert!(!partial.exists() && store.read(user(1), file(1)).await.unwrap() == "whole");
    std::fs::write(&partial, b"ha").unwrap();
    store.delete_all(user(1)).await.unwrap();
    assert!(
        !partial.parent().unwrap().exists(),
        "nothing of a deleted user remains"
    );
}
