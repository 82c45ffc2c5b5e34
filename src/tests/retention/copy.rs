//! Copying an archive: every object is compared, and an interrupted copy can be repeated.

use crate::{
    server::archive::{
        Archive,
        copy::{CopiedObjects, copy_objects},
    },
    tests::support::archives::no_archive,
};
use futures::TryStreamExt;

const KEYS: [&str; 3] = [
    "erased/v1/a.ndjson",
    "work-log/v1/u/none/2026-11-24/b.ndjson.zst",
    "work-log/v1/u/none/2026-11-25/c.ndjson.zst",
];

async fn three_objects() -> Archive {
    let archive = no_archive();
    for key in KEYS {
        assert!(
            archive
                .create(key, key.repeat(100).into_bytes())
                .await
                .unwrap()
        );
    }
    archive
}

#[tokio::test(flavor = "multi_thread")]
async fn every_object_is_copied_once_and_a_second_run_writes_nothing() {
    let (from, to) = (
        three_objects().await,
        Archive::open("s3://holly/copied").unwrap(),
    );
    let bytes = KEYS.iter().map(|key| key.len() as u64 * 100).sum();
    assert_eq!(
        copy_objects(&from, &to).await.unwrap(),
        CopiedObjects {
            objects: 3,
            bytes,
            put: 3
        }
    );
    assert_eq!(
        copy_objects(&from, &to).await.unwrap(),
        CopiedObjects {
            objects: 3,
            bytes,
            put: 0
        }
    );
    let mut listed: Vec<_> = to
        .list("")
        .map_ok(|object| object.key)
        .try_collect()
        .await
        .unwrap();
    listed.sort();
    assert_eq!(listed, KEYS);
    assert_eq!(to.get(KEYS[1]).await.unwrap(), KEYS[1].repeat(100));
}

#[tokio::test]
async fn a_truncated_object_is_copied_again() {
    let (from, to) = (three_objects().await, no_archive());
    to.create(KEYS[2], b"cut".to_vec()).await.unwrap();
    assert_eq!(copy_objects(&from, &to).await.unwrap().put, 3);
    assert_eq!(to.get(KEYS[2]).await.unwrap(), KEYS[2].repeat(100));
}
