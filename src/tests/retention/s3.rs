//! The archive on S3, tested against moto (started by `.ci/services`).

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
async fn an_object_is_created_once_and_a_deleted_one_is_gone() {
    let archive = bucket("names");
    assert!(archive.create("a/b.ndjson", b"one".to_vec()).await.unwrap());
    assert!(
        !archive.create("a/b.ndjson", b"two".to_vec()).await.unwrap(),
        "the key exists (412)"
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
async fn entries_are_archived_in_a_bucket_read_from_it_and_expire() {
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
    let reopened = bucket("tiers");
    let mut reader = database.store.read().await.unwrap();
    let listed = reader::list(
        &mut reader,
        &reopened,
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
        reopened
            .list("work-log")
            .try_collect::<Vec<_>>()
            .await
            .unwrap(),
        []
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_server_is_reported_and_nothing_is_lost() {
    let database = Sqlite::create().await;
    let unreachable = object_store::aws::AmazonS3Builder::new()
        .with_endpoint("http://127.0.0.1:9")
        .with_allow_http(true)
        .with_bucket_name("holly")
        .with_region("us-east-1")
        .with_access_key_id("x")
        .with_secret_access_key("x")
        .build()
        .unwrap();
    let archive = Archive::with_store(
        std::sync::Arc::new(unreachable),
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
    assert_eq!(listed.len(), 1, "the entry is no longer a row");
}
