//! Whoever waits for the archive keeps nobody from the database.

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

/// More than a store has connections to read with.
const READERS: usize = 12;

/// A person with an entry in an archive that takes its time from now on.
async fn slow_archive(store: &Store) -> (Archive, UserId, EntryId) {
    let slow = Arc::new(ThrottledStore::new(
        InMemory::new(),
        ThrottleConfig::default(),
    ));
    let tiers = Tiers {
        store: store.clone(),
        archive: Archive::over(slow.clone(), "", Duration::from_secs(600)),
    };
    let ada = person(store, "ada").await;
    let old = entry(store, ada, Status::Success, "old").await;
    run(&tiers, NOW.plus(31 * DAY_MS)).await;
    slow.config_mut(|config| config.wait_get_per_call = Duration::from_secs(600));
    (tiers.archive, ada, old.id)
}

/// Begins so many readings, waits until `taken` snapshots were taken for them, and sees that two
/// others still read meanwhile.
async fn leaves_room<F>(store: &Store, taken: usize, read: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let before = store.counters().used();
    let waiting: Vec<_> = (0..READERS).map(|_| tokio::spawn(read())).collect();
    while store.counters().used() < before + taken as u64 {
        tokio::task::yield_now().await;
    }
    let (_one, mut other) = (store.read().await.unwrap(), store.read().await.unwrap());
    assert_eq!(users::ids(&mut other).await.unwrap().len(), 1);
    assert!(waiting.iter().all(|one| !one.is_finished()));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

on_both_databases! {
    async fn entries_that_the_archive_does_not_give_hold_up_no_other_reader(store: Store) {
        let (archive, ada, old) = slow_archive(&store).await;
        leaves_room(&store, READERS, || {
            let (store, archive) = (store.clone(), archive.clone());
            async move { drop(retry_on_moved_object(&store, |reader| find(reader, &archive, ada, old)).await) }
        })
        .await;
    }

    async fn lists_that_wait_for_the_archive_leave_connections_to_others(store: Store) {
        let (archive, ada, _) = slow_archive(&store).await;
        let all = EntryFilter::default();
        leaves_room(&store, 3, || {
            let (store, archive, all) = (store.clone(), archive.clone(), all.clone());
            async move {
                let read = |mut reader| {
                    let (archive, all) = (&archive, (&all, false));
                    async move { list(&mut reader, archive, ada, all, None, 9).await }
                };
                drop(retry_on_moved_object(&store, read).await);
            }
        })
        .await;
    }

    async fn exports_that_wait_for_the_archive_leave_places_to_people_who_look_at_a_page(store: Store) {
        let (archive, ada, _) = slow_archive(&store).await;
        let begun = store.counters().used();
        let export = || export::pages(store.clone(), archive.clone(), ada, EntryFilter::default()).map(drop).collect::<()>();
        let exports: Vec<_> = (0..READERS).map(|_| tokio::spawn(export())).collect();
        while store.counters().used() < begun + 2 {
            tokio::task::yield_now().await;
        }
        let _pages = (store.read_long().await.unwrap(), store.read_long().await.unwrap());
        assert_eq!(store.counters().used(), begun + 4, "two exports read");
        exports.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
