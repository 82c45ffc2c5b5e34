//! Requests that wait for the archive hold no database connection that others need.

use crate::{
    domain::{
        Status,
        ids::{EntryId, UserId},
        time::DAY_MS,
    },
    server::{
        archive::{
            Archive, Tiers, export,
            reader::{find, list, retry_on_moved_object},
        },
        store::{Store, users, work_logs::EntryFilter},
    },
    tests::support::{
        archives::run,
        databases::on_both_databases,
        people::{NOW, entry, person},
    },
};
use futures::StreamExt;
use object_store::{
    memory::InMemory,
    throttle::{ThrottleConfig, ThrottledStore},
};
use std::{sync::Arc, time::Duration};

/// More than a store has read connections.
const READERS: usize = 12;

/// A user with an archived entry, in an archive whose reads hang from now on.
async fn slow_archive(store: &Store) -> (Archive, UserId, EntryId) {
    let slow = Arc::new(ThrottledStore::new(
        InMemory::new(),
        ThrottleConfig::default(),
    ));
    let tiers = Tiers {
        store: store.clone(),
        archive: Archive::with_store(slow.clone(), "", Duration::from_secs(600)),
    };
    let ada = person(store, "ada").await;
    let old = entry(store, ada, Status::Success, "old").await;
    run(&tiers, NOW.plus(31 * DAY_MS)).await;
    slow.config_mut(|config| config.wait_get_per_call = Duration::from_secs(600));
    (tiers.archive, ada, old.id)
}

/// Starts [`READERS`] reads, waits until `expected` snapshots were taken for them, and checks that
/// two other readers still get a connection.
async fn check_others_can_read<F>(store: &Store, expected: usize, read: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let before = store.counters().used();
    let waiting: Vec<_> = (0..READERS).map(|_| tokio::spawn(read())).collect();
    while store.counters().used() < before + expected as u64 {
        tokio::task::yield_now().await;
    }
    let (_first, mut second) = (store.read().await.unwrap(), store.read().await.unwrap());
    assert_eq!(users::ids(&mut second).await.unwrap().len(), 1);
    assert!(waiting.iter().all(|task| !task.is_finished()));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

on_both_databases! {
    async fn waiting_for_an_archived_entry_blocks_no_other_reader(store: Store) {
        let (archive, ada, old) = slow_archive(&store).await;
        check_others_can_read(&store, READERS, || {
            let (store, archive) = (store.clone(), archive.clone());
            async move {
                drop(retry_on_moved_object(&store, |reader| find(reader, &archive, ada, old)).await)
            }
        })
        .await;
    }

    async fn lists_waiting_for_the_archive_leave_connections_for_others(store: Store) {
        let (archive, ada, _) = slow_archive(&store).await;
        let all = EntryFilter::default();
        check_others_can_read(&store, 3, || {
            let (store, archive, all) = (store.clone(), archive.clone(), all.clone());
            async move {
                let read = |mut reader| {
                    let (archive, filter) = (&archive, (&all, false));
                    async move { list(&mut reader, archive, ada, filter, None, 9).await }
                };
                drop(retry_on_moved_object(&store, read).await);
            }
        })
        .await;
    }

    async fn exports_waiting_for_the_archive_leave_connections_for_pages(store: Store) {
        let (archive, ada, _) = slow_archive(&store).await;
        let before = store.counters().used();
        let export = || {
            export::pages(store.clone(), archive.clone(), ada, EntryFilter::default())
                .map(drop)
                .collect::<()>()
        };
        let exports: Vec<_> = (0..READERS).map(|_| tokio::spawn(export())).collect();
        while store.counters().used() < before + 2 {
            tokio::task::yield_now().await;
        }
        let _pages = (
            store.read_long().await.unwrap(),
            store.read_long().await.unwrap(),
        );
        assert_eq!(
            store.counters().used(),
            before + 4,
            "only two exports read at a time"
        );
        exports.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
