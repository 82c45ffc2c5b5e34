//! Files as objects: in the data folder, in a bucket, and on the way from one to the other.

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

/// The files of a server whose archive is in this folder of the tests' bucket.
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
async fn files_of_before_there_was_a_bucket_are_read_moved_and_deleted_like_the_others() {
    let data = tempfile::tempdir().unwrap();
    let (ada, bob) = (user(1), user(2));
    let before = in_folder(data.path());
    for (owner, id) in [(ada, file(1)), (ada, file(2)), (bob, file(3))] {
        before
            .write(owner, id, b"0123456789".to_vec())
            .await
            .unwrap();
    }
    let now = in_bucket("moved", data.path());
    now.write(ada, file(4), b"new".to_vec()).await.unwrap();
    assert_eq!(now.read(ada, file(1)).await.unwrap(), "0123456789");
    now.delete(ada, &[file(2), file(9)]).await.unwrap();
    assert_eq!(now.bring_over().await.unwrap(), 2);
    assert_eq!(now.bring_over().await.unwrap(), 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let another = in_bucket("moved", elsewhere.path());
    let part: Vec<_> = another
        .stream(ada, file(1), Some(2..5))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(part.concat(), b"234");
    another.delete_all(ada).await.unwrap();
    for id in [file(1), file(2), file(4)] {
        assert_eq!(now.read(ada, id).await, Err(FileError::Missing));
    }
    assert_eq!(now.read(bob, file(3)).await.unwrap(), "0123456789");
    now.delete_all(bob).await.unwrap();
    assert_eq!(
        now.stored(in_days(1))
            .try_collect::<Vec<_>>()
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn what_no_row_names_is_deleted_after_two_days_and_only_once_a_day_looked_for() {
    let database = Sqlite::create().await;
    let data = tempfile::tempdir().unwrap();
    let kept = in_folder(data.path());
    let ada = person(&database.store, "ada").await;
    let here = conversation(&database.store, ada, "Here").await.id;
    let (named, orphan) = (new_id::file(NOW), new_id::file(NOW));
    for id in [named, orphan] {
        kept.write(ada, id, b"bytes".to_vec()).await.unwrap();
    }
    let mut tx = database.store.begin().await.unwrap();
    let record = FileRecord {
        id: named,
        conversation_id: here,
        media_type: "text/plain".into(),
        name: "a".into(),
        bytes: 5,
    };
    files::insert(&mut tx, NOW, ada, &record).await.unwrap();
    // as a server does that begins
    meta::note_use(&mut tx, in_days(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        sweep_files(&database.store, &kept, in_days(1), false)
            .await
            .unwrap(),
        0,
        "it may be named in a moment"
    );
    assert_eq!(
        sweep_files(&database.store, &kept, in_days(3), false)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        (
            kept.read(ada, named).await.unwrap(),
            kept.read(ada, orphan).await
        ),
        ("bytes".into(), Err(FileError::Missing))
    );
    kept.write(ada, orphan, b"bytes".to_vec()).await.unwrap();
    assert_eq!(
        sweep_files(&database.store, &kept, in_days(3), false)
            .await
            .unwrap(),
        0,
        "it was looked for today"
    );
    assert_eq!(
        sweep_files(&database.store, &kept, in_days(4), false)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_write_that_was_cut_off_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let kept = in_folder(data.path());
    kept.write(user(1), file(1), b"whole".to_vec())
        .await
        .unwrap();
    let half = data
        .path()
        .join("files")
        .join(user(1).to_string())
        .join(format!("{}#1", file(2)));
    std::fs::write(&half, b"ha").unwrap();
    assert_eq!(
        kept.clear_cut_off(in_days(-1)).await.unwrap(),
        0,
        "it may still be written"
    );
    assert_eq!(kept.clear_cut_off(in_days(1)).await.unwrap(), 1);
    assert!(!half.exists() && kept.read(user(1), file(1)).await.unwrap() == "whole");
    std::fs::write(&half, b"ha").unwrap();
    kept.delete_all(user(1)).await.unwrap();
    assert!(
        !half.parent().unwrap().exists(),
        "nothing of a person who is erased stays"
    );
}
