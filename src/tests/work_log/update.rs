//! Updating an entry: what may change, what never does, and who settles it.

use crate::{
    domain::{EntryPatch, Status, StorageStatus, time::DAY_MS},
    server::{
        base::error::Error,
        retention::run_once,
        store::{heads, work_logs},
        work_log::{finish_work_log, update_work_log},
    },
    tests::support::{
        archives::{tiers, trusted},
        databases::on_both_databases,
        people::{NOW, entry, person},
    },
};
use serde_json::{Value, json};

fn status(status: Status) -> EntryPatch {
    EntryPatch {
        status: Some(status),
        ..EntryPatch::default()
    }
}

fn metadata_patch(metadata_patch: Value) -> EntryPatch {
    EntryPatch {
        metadata: metadata_patch.as_object().cloned(),
        ..EntryPatch::default()
    }
}

on_both_databases! {
    async fn the_duration_is_measured_at_settling_unless_given(store: Store) {
        let ada = person(&store, "ada").await;
        let measured = entry(&store, ada, Status::Working, "x").await;
        let touched = update_work_log(
            &store,
            NOW.plus(500),
            ada,
            measured.id,
            EntryPatch::default(),
        )
        .await
        .unwrap();
        assert_eq!(
            (touched.duration_ms, touched.updated_at),
            (None, NOW.plus(500))
        );
        let settled = update_work_log(
            &store,
            NOW.plus(1_234),
            ada,
            measured.id,
            status(Status::Success),
        )
        .await
        .unwrap();
        assert_eq!((settled.duration_ms, settled.timestamp), (Some(1_234), NOW));
        let later = update_work_log(
            &store,
            NOW.plus(9_000),
            ada,
            measured.id,
            status(Status::Warning),
        )
        .await
        .unwrap();
        assert_eq!(later.duration_ms, Some(1_234));
        let given = entry(&store, ada, Status::Working, "x").await;
        let patch = EntryPatch {
            duration_ms: Some(7),
            ..status(Status::Error)
        };
        assert_eq!(
            update_work_log(&store, NOW.plus(1_234), ada, given.id, patch)
                .await
                .unwrap()
                .duration_ms,
            Some(7)
        );
    }

    async fn a_settled_entry_never_becomes_working_again(store: Store) {
        let ada = person(&store, "ada").await;
        for settled in [
            Status::Success,
            Status::Warning,
            Status::Error,
            Status::Info,
        ] {
            let made = entry(&store, ada, settled, "x").await;
            let answer = update_work_log(&store, NOW, ada, made.id, status(Status::Working)).await;
            assert!(
                matches!(answer, Err(Error::Conflict(_))),
                "{settled}: {answer:?}"
            );
            let read = work_logs::find(&mut store.read().await.unwrap(), ada, made.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(read, made);
        }
    }

    async fn a_late_worker_does_not_change_a_settled_entry(store: Store) {
        let ada = person(&store, "ada").await;
        let made = entry(&store, ada, Status::Working, "x").await;
        let settled = update_work_log(&store, NOW, ada, made.id, status(Status::Warning))
            .await
            .unwrap();
        let late = finish_work_log(&store, NOW, ada, made.id, status(Status::Success)).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        assert_eq!(
            heads::find(&mut store.read().await.unwrap(), ada)
                .await
                .unwrap()
                .head,
            settled.rev
        );
        let intime = entry(&store, ada, Status::Working, "x").await;
        assert_eq!(
            finish_work_log(&store, NOW, ada, intime.id, status(Status::Success))
                .await
                .unwrap()
                .status,
            Status::Success
        );
    }

    async fn one_of_two_concurrent_finishes_gets_a_conflict(store: Store) {
        let ada = person(&store, "ada").await;
        for _ in 0..5 {
            let made = entry(&store, ada, Status::Working, "x").await;
            let one = finish_work_log(&store, NOW, ada, made.id, status(Status::Success));
            let other = finish_work_log(&store, NOW, ada, made.id, status(Status::Error));
            let (one, other) = tokio::join!(one, other);
            assert!(
                matches!(
                    (&one, &other),
                    (Ok(_), Err(Error::Conflict(_))) | (Err(Error::Conflict(_)), Ok(_))
                ),
                "{one:?} {other:?}"
            );
        }
    }

    async fn metadata_is_merged_and_null_removes_a_field(store: Store) {
        let ada = person(&store, "ada").await;
        let made = entry(&store, ada, Status::Working, "x").await;
        update_work_log(
            &store,
            NOW,
            ada,
            made.id,
            metadata_patch(json!({"model": "a", "tokens": {"in": 1}, "gone": 1})),
        )
        .await
        .unwrap();
        let patched = update_work_log(
            &store,
            NOW,
            ada,
            made.id,
            metadata_patch(json!({"tokens": {"out": 2}, "gone": null, "never": null})),
        )
        .await
        .unwrap();
        assert_eq!(
            Value::Object(patched.metadata.0),
            json!({"model": "a", "tokens": {"out": 2}})
        );
    }

    async fn metadata_over_the_size_limit_is_refused(store: Store) {
        let ada = person(&store, "ada").await;
        let made = entry(&store, ada, Status::Working, "x").await;
        let full = update_work_log(
            &store,
            NOW,
            ada,
            made.id,
            metadata_patch(json!({"a": "x".repeat(16_376)})),
        )
        .await
        .unwrap();
        let over =
            update_work_log(&store, NOW, ada, made.id, metadata_patch(json!({"b": 1}))).await;
        assert!(
            matches!(&over, Err(Error::Refused(fields)) if fields[0].field == "metadata"),
            "{over:?}"
        );
        let read = work_logs::find(&mut store.read().await.unwrap(), ada, made.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read, full);
        update_work_log(
            &store,
            NOW,
            ada,
            made.id,
            metadata_patch(json!({"a": null, "b": 1})),
        )
        .await
        .unwrap();
    }

    async fn a_kept_entry_has_no_expiry_until_released(store: Store) {
        let ada = person(&store, "ada").await;
        let made = entry(&store, ada, Status::Success, "x").await;
        let keep = |kept| EntryPatch {
            kept: Some(kept),
            ..EntryPatch::default()
        };
        let kept = update_work_log(&store, NOW.plus(1), ada, made.id, keep(true))
            .await
            .unwrap();
        assert_eq!(kept.expires_at, None);
        let renamed = EntryPatch {
            title: Some("y".into()),
            ..EntryPatch::default()
        };
        assert_eq!(
            update_work_log(&store, NOW.plus(2), ada, made.id, renamed)
                .await
                .unwrap()
                .expires_at,
            None
        );
        let read = work_logs::find(&mut store.read().await.unwrap(), ada, made.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read.expires_at, None);
        let released = update_work_log(&store, NOW.plus(3), ada, made.id, keep(false))
            .await
            .unwrap();
        assert_eq!(released.expires_at, Some(NOW.plus(90 * DAY_MS)));
    }

    async fn keeping_an_entry_changes_neither_lease_nor_tier(store: Store) {
        let (ada, tiers) = (person(&store, "ada").await, tiers(&store));
        let made = entry(&store, ada, Status::Working, "x").await;
        let lease = |lease_ms| EntryPatch {
            lease_ms: Some(lease_ms),
            ..EntryPatch::default()
        };
        let keep = EntryPatch {
            kept: Some(true),
            ..EntryPatch::default()
        };
        update_work_log(&store, NOW, ada, made.id, lease(7_200_000))
            .await
            .unwrap();
        let kept = update_work_log(&store, NOW, ada, made.id, keep.clone())
            .await
            .unwrap();
        assert_eq!(
            work_logs::find_lapsed(
                &mut store.read().await.unwrap(),
                NOW.plus(7_199_000),
                ada,
                made.id
            )
            .await
            .unwrap(),
            None
        );
        let settled = EntryPatch {
            status: Some(Status::Success),
            kept: Some(false),
            ..EntryPatch::default()
        };
        assert!(
            update_work_log(&store, NOW, ada, made.id, settled)
                .await
                .unwrap()
                .rev
                > kept.rev
        );
        let later = NOW.plus(10 * DAY_MS);
        run_once(&tiers, trusted(later)).await.unwrap();
        let kept = update_work_log(&store, later, ada, made.id, keep)
            .await
            .unwrap();
        assert_eq!(
            (kept.storage_status, kept.title.as_str(), kept.expires_at),
            (StorageStatus::Warm, "x", None)
        );
        assert_eq!(
            work_logs::find(&mut store.read().await.unwrap(), ada, made.id)
                .await
                .unwrap(),
            Some(kept)
        );
    }
}
