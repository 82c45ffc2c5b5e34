//! The archive in S3: the same rules against a server that speaks its protocol (moto;
//! `.ci/services` starts it).

use crate::{
    domain::{Status, StorageStatus, time::DAY_MS},
    server::{
        archive::{Archive, Tiers, reader},
        retention::{Policy, Run, run_once},
        store::work_logs::EntryFilter,
    },
    tests::support::{
        archives::trusted,
        databases::Sqlite,
        people::{NOW, entry, person},
    },
};
use futures::TryStreamExt;

fn bucket(prefix: &str) -> Archive {
    assert!(
        std::env::var("AWS_ENDPOINT_URL").is_ok(),
        "AWS_ENDPOINT_URL is not set; run `make test`"
    );
    Archive::open(&format!("s3://holly/{prefix}")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_given_once_and_what_is_deleted_is_gone() {
    let archive = bucket("names");
    assert!(archive.create("a/b.ndjson", b"one".to_vec()).await.unwrap());
    assert!(
        !archive.create("a/b.ndjson", b"two".to_vec()).await.unwrap(),
        "the name is taken (412)"
    );
    assert_eq!(archive.get("a/b.ndjson").await.unwrap(), "one");
    let listed: Vec<_> = archive.list("a").try_collect().await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|object| object.key.as_str())
            .collect::<Vec<_>>(),
        ["a/b.ndjson"]
    );
    archive.delete("a/b.ndjson").await.unwrap();
    archive.delete("a/b.ndjson").await.unwrap();
    assert!(archive.get("a/b.ndjson").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_go_to_a_bucket_are_read_from_it_and_expire_in_it() {
    let database = Sqlite::create().await;
    let tiers = Tiers {
        store: database.store.clone(),
        archive: bucket("tiers"),
    };
    let ada = person(&database.store, "ada").await;
    for n in 0..20 {
        entry(&database.store, ada, Status::Success, &format!("entry {n}")).await;
    }
    let run = |age: i64| trusted(NOW.plus(age * DAY_MS));
    let report = run_once(&tiers, run(31)).await.unwrap();
    assert_eq!(
        (report.moved_to_cold, report.failed, report.objects_written),
        (20, 0, 1),
        "{report:?}"
    );
    let fresh = bucket("tiers");
    let mut reader = database.store.read().await.unwrap();
    let listed = reader::list(
        &mut reader,
        &fresh,
        ada,
        (&EntryFilter::default(), false),
        None,
        50,
    )
    .await
    .unwrap();
    drop(reader);
    assert!(
        listed.len() == 20
            && listed
                .iter()
                .all(|entry| entry.storage_status == StorageStatus::Cold)
    );
    assert_eq!(run_once(&tiers, run(90)).await.unwrap().deleted, 20);
    assert_eq!(
        fresh
            .list("work-log")
            .try_collect::<Vec<_>>()
            .await
            .unwrap(),
        []
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_in_words_and_nothing_is_lost() {
    let database = Sqlite::create().await;
    let nowhere = object_store::aws::AmazonS3Builder::new()
        .with_endpoint("http://127.0.0.1:9")
        .with_allow_http(true)
        .with_bucket_name("holly")
        .with_region("us-east-1")
        .with_access_key_id("x")
        .with_secret_access_key("x")
        .build()
        .unwrap();
    let archive = Archive::over(
        std::sync::Arc::new(nowhere),
        "",
        std::time::Duration::from_millis(300),
    );
    let tiers = Tiers {
        store: database.store.clone(),
        archive,
    };
    let ada = person(&database.store, "ada").await;
    entry(&database.store, ada, Status::Success, "one").await;
    let report = run_once(&tiers, Run::at(Policy::default(), NOW.plus(31 * DAY_MS)))
        .await
        .unwrap();
    assert!(
        report.failed > 0 && report.failures[0].contains("archive"),
        "{report:?}"
    );
    let mut reader = database.store.read().await.unwrap();
    let listed = reader::list(
        &mut reader,
        &tiers.archive,
        ada,
        (&EntryFilter::default(), false),
        None,
        50,
    )
    .await
    .unwrap();
    assert_eq!(listed.len(), 1, "it is a row still");
}
