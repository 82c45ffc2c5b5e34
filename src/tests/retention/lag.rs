//! The lag of a tier counts entries that wait for a run, not entries changed since the last run.

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

async fn tiers_behind(store: &Store, at: Timestamp) -> Vec<(StorageStatus, i64)> {
    let lags = lags(&mut store.read().await.unwrap(), Policy::default(), at)
        .await
        .unwrap();
    lags.into_iter()
        .filter(|lag| lag.seconds > 0)
        .map(|lag| (lag.tier, lag.seconds))
        .collect()
}

on_both_databases! {
    async fn an_old_entry_that_was_just_kept_does_not_count_as_lag(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let created = entry(&store, ada, Status::Success, "old").await;
        let later = NOW.plus(60 * DAY_MS);
        run(&tiers, later).await;
        let keep = EntryPatch {
            kept: Some(true),
            ..EntryPatch::default()
        };
        assert_eq!(
            update_entry(&tiers, later, ada, created.id, keep)
                .await
                .unwrap()
                .storage_status,
            StorageStatus::Hot
        );
        assert_eq!(tiers_behind(&store, later.plus(DAY_MS)).await, []);
        assert_eq!(
            tiers_behind(&store, later.plus(2 * DAY_MS)).await,
            [(StorageStatus::Hot, 55 * 86_400)],
            "no run since"
        );
    }

    async fn a_working_entry_does_not_count_as_lag_and_a_finished_one_does(store: Store) {
        let ada = person(&store, "ada").await;
        let working = entry(&store, ada, Status::Working, "long").await;
        assert_eq!(tiers_behind(&store, NOW.plus(10 * DAY_MS)).await, []);
        let done = EntryPatch {
            status: Some(Status::Success),
            ..EntryPatch::default()
        };
        update_work_log(&store, NOW, ada, working.id, done)
            .await
            .unwrap();
        assert_eq!(
            tiers_behind(&store, NOW.plus(10 * DAY_MS)).await,
            [(StorageStatus::Hot, 3 * 86_400)]
        );
    }
}
