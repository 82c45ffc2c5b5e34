//! Archive objects: their header, their size limits, and that each is listed in one transaction.

use crate::{
    domain::{EntryDraft, Status, ids::UserId, time::DAY_MS},
    server::{
        archive::object,
        base::fail_points::{FailPoint, with_hook},
        retention::{dry_run::dry_run, run_once},
        store::{Store, retention::objects, work_logs::StoredEntry},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        archives::{run, tiers, trusted},
        databases::{Sqlite, on_both_databases},
        people::{NOW, draft, entry, person},
        random::TestRng,
    },
};
use futures::FutureExt;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// The number of entries and the stored bytes of each of a user's objects.
async fn sizes(store: &Store, user: UserId) -> Vec<(i64, i64)> {
    let mut reader = store.read().await.unwrap();
    let manifests = objects::of_user(&mut reader, user, None).await.unwrap();
    manifests
        .iter()
        .map(|manifest| (manifest.entries(), manifest.stored_bytes))
        .collect()
}

fn max_rows(store: &Store) -> i64 {
    if store.is_single_process() { 200 } else { 500 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_names_the_replaced_objects_and_old_headers_name_none() {
    let database = Sqlite::create().await;
    let (tiers, ada) = (tiers(&database.store), person(&database.store, "ada").await);
    entry(&database.store, ada, Status::Success, "one").await;
    run(&tiers, NOW.plus(31 * DAY_MS)).await;
    let mut reader = database.store.read().await.unwrap();
    let manifest = objects::of_user(&mut reader, ada, None).await.unwrap();
    let bytes = tiers.archive.get(&manifest[0].key).await.unwrap();
    let header = |bytes: &[u8]| {
        let plain = object::unpack(bytes).unwrap();
        let line = plain.split(|byte| *byte == b'\n').next().unwrap().to_vec();
        serde_json::from_slice::<serde_json::Value>(&line).unwrap()
    };
    assert_eq!(
        header(&bytes).get("replaces"),
        None,
        "the header of an object that replaces none is unchanged"
    );
    let entries: Vec<StoredEntry> = object::decode(&bytes).unwrap();
    let group = object::ObjectGroup {
        user_id: ada,
        conversation_id: None,
        day: NOW.day(),
    };
    let plain = object::encode(group, &entries, None).unwrap();
    assert_eq!(
        (&plain.key, &plain.bytes[..]),
        (&manifest[0].key, &bytes[..])
    );
    let replacing = object::encode(group, &entries, Some("a".into())).unwrap();
    assert_eq!(
        replacing.key, plain.key,
        "the key depends on the entries only"
    );
    assert_eq!(
        header(&replacing.bytes)["replaces"],
        serde_json::json!(["a"])
    );
    for (encoded, replaces) in [(plain, vec![]), (replacing, vec!["a".to_owned()])] {
        let decoded = object::decode_object(&encoded.bytes).unwrap();
        assert_eq!((&decoded.entries, decoded.replaces), (&entries, replaces));
    }
}

on_both_databases! {
    async fn a_large_group_becomes_several_objects_with_one_transaction_each(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let (max, at) = (max_rows(&store), NOW.plus(31 * DAY_MS));
        for n in 0..=max {
            entry(&store, ada, Status::Success, &format!("entry {n}")).await;
        }
        let planned = dry_run(&tiers, trusted(at)).await.unwrap().report;
        let (listed, transactions) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let (hook_transactions, hook_store) = (transactions.clone(), store.clone());
        let hook_listed = listed.clone();
        let listener = Arc::new(move |point| {
            let (transactions, store, listed) = (
                hook_transactions.clone(),
                hook_store.clone(),
                hook_listed.clone(),
            );
            async move {
                if point == FailPoint::ReadBack {
                    let rows = "select count(*) from work_logs";
                    let mut connection = store.connection().await.unwrap();
                    let rows: i64 = sqlx::query_scalar(rows)
                        .fetch_one(&mut *connection)
                        .await
                        .unwrap();
                    assert_eq!(
                        rows,
                        max + 1 - listed.load(Ordering::Relaxed),
                        "only whole objects are moved"
                    );
                    listed.fetch_add(max.min(rows), Ordering::Relaxed);
                }
                if point == FailPoint::MoveWritten {
                    transactions.fetch_add(1, Ordering::Relaxed);
                }
            }
            .boxed()
        });
        let report = with_hook(listener, run_once(&tiers, trusted(at)))
            .await
            .unwrap();
        assert_eq!(
            (report.failed, report.moved_to_cold),
            (0, max + 1),
            "{report:?}"
        );
        assert_eq!((report.objects_written, planned.objects_written), (2, 2));
        assert_eq!(
            transactions.load(Ordering::Relaxed),
            2,
            "one transaction each"
        );
        let mut entries: Vec<i64> = sizes(&store, ada).await.iter().map(|size| size.0).collect();
        entries.sort_unstable();
        assert_eq!(entries, [1, max]);
    }

    async fn an_object_stays_below_its_size_limit(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let mut rng = TestRng::new(1);
        for _ in 0..30 {
            // hex digits: no packing saves more than half
            let sixteen_digits = |_| format!("{:016x}", rng.bits());
            let details: String = (0..64 * 1024 / 16).map(sixteen_digits).collect();
            let new_entry = EntryDraft {
                details: Some(details),
                ..draft(Status::Success, "large")
            };
            create_work_log(&store, NOW, ada, new_entry, Origin::default())
                .await
                .unwrap();
        }
        for days in [8, 31] {
            let report = run(&tiers, NOW.plus(days * DAY_MS)).await;
            assert_eq!(report.failed, 0, "{report:?}");
        }
        let max_bytes = if store.is_single_process() {
            512 << 10
        } else {
            1 << 20
        };
        let sizes = sizes(&store, ada).await;
        assert_eq!(sizes.iter().map(|size| size.0).sum::<i64>(), 30);
        assert!(
            sizes.iter().all(|(_, bytes)| *bytes <= max_bytes),
            "{sizes:?}"
        );
        let min_objects = 30 * 32 * 1024 / max_bytes;
        assert!(
            (min_objects..=min_objects + 2).contains(&(sizes.len() as i64)),
            "{sizes:?}"
        );
    }
}
