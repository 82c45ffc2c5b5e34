//! Entries whose writer stopped renewing the lease are settled; those of live writers are not.

use crate::{
    domain::{
        EntryDraft, EntryPatch, Status, WorkLogEntry,
        ids::{EntryId, UserId},
    },
    server::{
        store::{Store, work_logs},
        work_log::{SweepReport, create_work_log, finish_work_log, sweep_leases, update_work_log},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, draft, person},
    },
};

async fn create_working(store: &Store, user: UserId, lease_ms: i64) -> EntryId {
    let leased = EntryDraft {
        lease_ms,
        ..draft(Status::Working, "x")
    };
    create_work_log(store, NOW, user, leased, Default::default())
        .await
        .unwrap()
        .id
}

async fn find_entry(store: &Store, user: UserId, id: EntryId) -> WorkLogEntry {
    work_logs::find(&mut store.read().await.unwrap(), user, id)
        .await
        .unwrap()
        .unwrap()
}

on_both_databases! {
    async fn an_entry_with_an_expired_lease_is_settled_with_a_warning(store: Store) {
        let ada = person(&store, "ada").await;
        let id = create_working(&store, ada, 1_000).await;
        assert_eq!(
            sweep_leases(&store, NOW.plus(1_000)).await.unwrap(),
            SweepReport {
                settled: 0,
                more: false
            }
        );
        let woken = store.wakeups().subscribe(ada);
        assert_eq!(
            sweep_leases(&store, NOW.plus(1_001)).await.unwrap(),
            SweepReport {
                settled: 1,
                more: false
            }
        );
        let settled = find_entry(&store, ada, id).await;
        assert_eq!(
            (settled.status, settled.duration_ms, settled.rev),
            (Status::Warning, Some(1_001), 2)
        );
        assert!(settled.metadata.flag("interrupted"));
        assert!(woken.has_changed().unwrap(), "readers are notified");
        assert_eq!(
            sweep_leases(&store, NOW.plus(9_000)).await.unwrap().settled,
            0
        );
    }

    async fn a_renewed_lease_is_not_swept(store: Store) {
        let ada = person(&store, "ada").await;
        let (renewed, extended, expired) = (
            create_working(&store, ada, 1_000).await,
            create_working(&store, ada, 1_000).await,
            create_working(&store, ada, 1_000).await,
        );
        update_work_log(&store, NOW.plus(900), ada, renewed, EntryPatch::default())
            .await
            .unwrap();
        let longer = EntryPatch {
            lease_ms: Some(5_000),
            ..EntryPatch::default()
        };
        update_work_log(&store, NOW.plus(900), ada, extended, longer)
            .await
            .unwrap();
        assert_eq!(
            sweep_leases(&store, NOW.plus(5_900)).await.unwrap().settled,
            1
        );
        assert_eq!(
            find_entry(&store, ada, expired).await.status,
            Status::Warning
        );
        assert_eq!(
            find_entry(&store, ada, extended).await.status,
            Status::Working
        );
        assert_eq!(
            sweep_leases(&store, NOW.plus(5_901)).await.unwrap().settled,
            1
        );
        assert_eq!(
            find_entry(&store, ada, renewed).await.status,
            Status::Working
        );
    }

    async fn settled_entries_hold_no_lease(store: Store) {
        let ada = person(&store, "ada").await;
        let id = create_working(&store, ada, 1_000).await;
        let done = EntryPatch {
            status: Some(Status::Success),
            ..EntryPatch::default()
        };
        let done = finish_work_log(&store, NOW.plus(10), ada, id, done)
            .await
            .unwrap();
        assert_eq!(
            sweep_leases(&store, NOW.plus(99_000_000))
                .await
                .unwrap()
                .settled,
            0
        );
        assert_eq!(find_entry(&store, ada, id).await, done);
    }

    async fn a_concurrent_sweep_and_finish_settle_an_entry_once(store: Store) {
        let ada = person(&store, "ada").await;
        for _ in 0..5 {
            let id = create_working(&store, ada, 1_000).await;
            let done = EntryPatch {
                status: Some(Status::Success),
                ..EntryPatch::default()
            };
            let (swept, finished) = tokio::join!(
                sweep_leases(&store, NOW.plus(2_000)),
                finish_work_log(&store, NOW.plus(2_000), ada, id, done)
            );
            let swept = swept.unwrap().settled == 1;
            assert_ne!(swept, finished.is_ok());
            let expected = if swept {
                Status::Warning
            } else {
                Status::Success
            };
            assert_eq!(find_entry(&store, ada, id).await.status, expected);
        }
    }

    async fn a_full_sweep_reports_that_more_remain(store: Store) {
        let ada = person(&store, "ada").await;
        let mut tx = store.begin().await.unwrap();
        let mut entry = row_of(ada);
        for n in 0..201 {
            entry.id = EntryId::from_uuid(uuid::Uuid::from_u128(n));
            let extras = work_logs::RowExtras {
                lease_until: Some(NOW.millis()),
                idempotency: None,
            };
            work_logs::insert(&mut tx, &mut entry, &extras)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(
            sweep_leases(&store, NOW.plus(1)).await.unwrap(),
            SweepReport {
                settled: 200,
                more: true
            }
        );
        assert_eq!(
            sweep_leases(&store, NOW.plus(1)).await.unwrap(),
            SweepReport {
                settled: 1,
                more: false
            }
        );
    }
}

fn row_of(user: UserId) -> WorkLogEntry {
    use crate::domain::{LogType, Metadata, StorageStatus};
    WorkLogEntry {
        id: EntryId::from_uuid(uuid::Uuid::nil()),
        user_id: user,
        conversation_id: None,
        parent_id: None,
        turn_id: None,
        log_type: LogType::Info,
        status: Status::Working,
        title: "x".to_owned(),
        details: None,
        metadata: Metadata::default(),
        timestamp: NOW,
        updated_at: NOW,
        duration_ms: None,
        storage_status: StorageStatus::Hot,
        expires_at: Some(NOW),
        kept_by: None,
        archived_at: None,
        rev: 0,
    }
}
