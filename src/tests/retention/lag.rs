//! How late a tier is: what waits for a run, and not what changed since the last one.

use crate::{
    domain::{
        EntryPatch, Status, StorageStatus,
        time::{DAY_MS, Timestamp},
    },
    server::{
        retention::{Policy, lag::lags},
        store::Store,
        work_log::{archived::update_entry, update_work_log},
    },
    tests::support::{
        archives::{run, tiers},
        databases::on_both_databases,
        people::{NOW, entry, person},
    },
};

async fn late(store: &Store, at: Timestamp) -> Vec<(StorageStatus, i64)> {
    let lags = lags(&mut store.read().await.unwrap(), Policy::default(), at)
        .await
        .unwrap();
    lags.into_iter()
        .filter(|lag| lag.seconds > 0)
        .map(|lag| (lag.tier, lag.seconds))
        .collect()
}

on_both_databases! {
    async fn an_old_entry_that_somebody_keeps_now_is_not_late(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let made = entry(&store, ada, Status::Success, "old").await;
        let later = NOW.plus(60 * DAY_MS);
        run(&tiers, later).await;
        let keep = EntryPatch { kept: Some(true), ..EntryPatch::default() };
        assert_eq!(update_entry(&tiers, later, ada, made.id, keep).await.unwrap().storage_status, StorageStatus::Hot);
        assert_eq!(late(&store, later.plus(DAY_MS)).await, []);
        assert_eq!(late(&store, later.plus(2 * DAY_MS)).await, [(StorageStatus::Hot, 55 * 86_400)], "no run came");
    }

    async fn what_is_still_worked_at_is_not_late_and_what_waits_for_a_run_is(store: Store) {
        let ada = person(&store, "ada").await;
        let working = entry(&store, ada, Status::Working, "long").await;
        assert_eq!(late(&store, NOW.plus(10 * DAY_MS)).await, []);
        let done = EntryPatch { status: Some(Status::Success), ..EntryPatch::default() };
        update_work_log(&store, NOW, ada, working.id, done).await.unwrap();
        assert_eq!(late(&store, NOW.plus(10 * DAY_MS)).await, [(StorageStatus::Hot, 3 * 86_400)]);
    }
}
