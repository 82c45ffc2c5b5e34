//! A full or unreachable archive or database (T10): a run reports the failure and loses nothing;
//! after recovery the next run catches up on its own.

use crate::{
    domain::{
        EntryDraft, Status, StorageStatus, WorkLogEntry,
        ids::UserId,
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers, reader},
        base::error::{ArchiveError, Result},
        retention::{Policy, Report, lag::lags, run_once},
        store::{Store, work_logs::EntryFilter},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        archives::{self, trusted},
        databases::{Sqlite, on_both_databases},
        faulty_store::{FaultyStore, Refusal},
        people::{NOW, draft, person},
    },
};
use object_store::memory::InMemory;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const ENTRIES: usize = 40;

async fn create_entries(store: &Store) -> UserId {
    let user = person(store, "ada").await;
    for n in 0..ENTRIES {
        let details = Some(format!("{n} ").repeat(2_000));
        let new_entry = EntryDraft {
            details,
            ..draft(Status::Success, &format!("entry {n}"))
        };
        create_work_log(store, NOW, user, new_entry, Origin::default())
            .await
            .unwrap();
    }
    user
}

async fn listed(tiers: &Tiers, user: UserId) -> Vec<WorkLogEntry> {
    let mut reader = tiers.store.read().await.unwrap();
    reader::list(
        &mut reader,
        &tiers.archive,
        user,
        (&EntryFilter::default(), false),
        None,
        100,
    )
    .await
    .unwrap()
}

async fn run(tiers: &Tiers, at: Timestamp) -> Result<Report> {
    run_once(tiers, trusted(at)).await
}

/// The lag of the hot tier, in seconds.
async fn hot_lag(tiers: &Tiers, at: Timestamp) -> i64 {
    let lags = lags(
        &mut tiers.store.read().await.unwrap(),
        Policy::default(),
        at,
    )
    .await
    .unwrap();
    lags.iter()
        .find(|lag| lag.tier == StorageStatus::Hot)
        .unwrap()
        .seconds
}

/// The archive refuses requests for an hour, in which three runs fail with `message`.
async fn check_refusal_for_an_hour(store: &Store, refusal: Refusal, message: &str) {
    let faulty_store = FaultyStore::before(Arc::new(InMemory::new()), 1);
    let tiers = Tiers {
        store: store.clone(),
        archive: Archive::with_store(Arc::new(faulty_store.clone()), "", Duration::from_secs(5)),
    };
    let ada = create_entries(store).await;
    let before = listed(&tiers, ada).await;
    let start = NOW.plus(31 * DAY_MS);
    faulty_store.refuse(Some(refusal));
    for half_hours in 0..3 {
        let now = start.plus(half_hours * HOUR_MS / 2);
        let report = run(&tiers, now).await.unwrap();
        assert!(
            report.failed > 0 && report.failures[0].contains(message) && report.moved_to_cold == 0,
            "{report:?}"
        );
        assert!(!report.more, "the run should not retry at once: {report:?}");
        assert_eq!(listed(&tiers, ada).await, before, "entries changed");
        assert_eq!(
            hot_lag(&tiers, now).await,
            (now.millis() - NOW.millis() - 7 * DAY_MS) / 1_000
        );
    }
    faulty_store.refuse(None);
    let now = start.plus(2 * HOUR_MS);
    let report = run(&tiers, now).await.unwrap();
    assert_eq!(
        (report.moved_to_cold, report.failed),
        (ENTRIES as i64, 0),
        "{report:?}"
    );
    let after = listed(&tiers, ada).await;
    let details = |entries: &[WorkLogEntry]| {
        entries
            .iter()
            .map(|entry| (entry.id, entry.details.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(details(&after), details(&before), "each entry once");
    assert_eq!(hot_lag(&tiers, now).await, 0);
}

on_both_databases! {
    async fn runs_catch_up_after_the_archive_disk_was_full_for_an_hour(store: Store) {
        check_refusal_for_an_hour(
            &store,
            Refusal::Puts("No space left on device (os error 28)"),
            "No space left",
        )
        .await;
    }

    async fn runs_catch_up_after_the_archive_was_overloaded_for_an_hour(store: Store) {
        check_refusal_for_an_hour(&store, Refusal::Everything("503 Slow Down"), "503").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_frees_space_in_a_full_database_so_that_writes_succeed() {
    let database = Sqlite::create().await;
    let tiers = archives::tiers(&database.store);
    let ada = create_entries(&database.store).await;
    let pages: i64 = sqlx::query_scalar("pragma page_count")
        .fetch_one(&mut *database.store.read().await.unwrap())
        .await
        .unwrap();
    limit_pages(&database.store, pages).await;
    let mut written = ENTRIES;
    let write = async |at| {
        let new_entry = EntryDraft {
            details: Some("some text ".repeat(2_000)),
            ..draft(Status::Success, "one more")
        };
        create_work_log(&database.store, at, ada, new_entry, Origin::default()).await
    };
    let refused = loop {
        match write(NOW).await {
            Ok(_) => written += 1,
            Err(refused) => break refused,
        }
    };
    assert!(format!("{refused:?}").contains("full"), "{refused:?}");
    let before = listed(&tiers, ada).await;
    assert_eq!(before.len(), written, "an acknowledged entry is missing");
    let now = NOW.plus(31 * DAY_MS);
    assert!(hot_lag(&tiers, now).await > 0, "the lag should be reported");
    let report = run(&tiers, now).await.unwrap();
    assert_eq!(
        (report.moved_to_cold, report.failed),
        (written as i64, 0),
        "{report:?}"
    );
    let details = |entries: &[WorkLogEntry]| {
        entries
            .iter()
            .map(|entry| (entry.id, entry.details.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        details(&listed(&tiers, ada).await),
        details(&before),
        "each entry once"
    );
    write(now).await.unwrap();
}

async fn limit_pages(store: &Store, pages: i64) {
    let mut tx = store.begin().await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("pragma max_page_count = {pages}"));
    let now: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.unwrap();
    assert_eq!(now, pages);
    tx.commit().await.unwrap();
}

/// SQLite has one writer: another process may keep it busy for longer than a run waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_finds_the_database_locked_is_done_by_the_next_run() {
    let database = Sqlite::create().await;
    let tiers = archives::tiers(&database.store);
    let ada = create_entries(&database.store).await;
    let mut tx = database.store.begin().await.unwrap();
    sqlx::query("pragma busy_timeout = 0")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let other = Store::open(&database.address()).await.unwrap();
    let lock = other.begin().await.unwrap();
    let now = NOW.plus(31 * DAY_MS);
    let refused = run(&tiers, now).await;
    assert!(format!("{refused:?}").contains("locked"), "{refused:?}");
    drop(lock);
    other.close().await;
    let report = run(&tiers, now).await.unwrap();
    assert_eq!(
        (report.moved_to_cold, report.failed, report.busy),
        (ENTRIES as i64, 0, false),
        "{report:?}"
    );
    assert_eq!(listed(&tiers, ada).await.len(), ENTRIES);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_an_overloaded_s3_server_is_reported() {
    for status in [
        "503 Slow Down",
        "429 Too Many Requests",
        "500 Internal Server Error",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4_096];
                assert!(socket.read(&mut request).await.unwrap() > 0);
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                tokio::spawn(async move { socket.write_all(answer.as_bytes()).await });
            }
        });
        let retry = object_store::RetryConfig {
            max_retries: 0,
            ..Default::default()
        };
        let store = object_store::aws::AmazonS3Builder::new()
            .with_endpoint(format!("http://{address}"))
            .with_allow_http(true);
        let store = store
            .with_bucket_name("holly")
            .with_region("us-east-1")
            .with_access_key_id("x")
            .with_secret_access_key("x");
        let archive = Archive::with_store(
            Arc::new(store.with_retry(retry).build().unwrap()),
            "",
            Duration::from_secs(5),
        );
        let refused = archive.create("a", b"text".to_vec()).await;
        assert!(
            matches!(&refused, Err(ArchiveError::Unreachable(why)) if why.contains(&status[..3])),
            "{status}: {refused:?}"
        );
        server.abort();
    }
}
