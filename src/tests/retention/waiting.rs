//! Whoever waits for the archive keeps nobody from the database.

use crate::{
    server::retention::{Archive, Retention, reading},
    tests::support::{
        archives::run,
        databases::on_both_databases,
        people::{NOW, entry, person},
    },
    timestamp::DAY_MS,
    work_log::Status,
};
use object_store::{
    memory::InMemory,
    throttle::{ThrottleConfig, ThrottledStore},
};
use std::{sync::Arc, time::Duration};

/// More than a store has connections to read with.
const READERS: usize = 12;

on_both_databases! {
    async fn entries_that_the_archive_does_not_give_hold_up_no_other_reader(store: Store) {
        let slow = Arc::new(ThrottledStore::new(InMemory::new(), ThrottleConfig::default()));
        let retention = Retention { store: store.clone(), archive: Archive::over(slow.clone(), "", Duration::from_secs(600)) };
        let ada = person(&store, "ada").await;
        let old = entry(&store, ada, Status::Success, "old").await;
        run(&retention, NOW.plus(31 * DAY_MS)).await;
        slow.config_mut(|config| config.wait_get_per_call = Duration::from_secs(600));
        let before = store.counters().used();
        let waiting: Vec<_> = (0..READERS)
            .map(|_| {
                let (store, archive) = (store.clone(), retention.archive.clone());
                tokio::spawn(async move { reading::find(store.read().await.unwrap(), &archive, ada, old.id).await })
            })
            .collect();
        while store.counters().used() < before + READERS as u64 {
            tokio::task::yield_now().await;
        }
        let mut reader = store.read().await.unwrap();
        assert_eq!(crate::server::store::users::ids(&mut reader).await.unwrap(), [ada]);
        assert!(waiting.iter().all(|one| !one.is_finished()));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
