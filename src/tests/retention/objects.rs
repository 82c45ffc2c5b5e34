//! Objects: what their header says, how large they become, and that each is listed whole.

use crate::{
    domain::{EntryDraft, Status, ids::UserId, time::DAY_MS},
    server::{
        archive::object,
        base::fail_points::{FailPoint, heard_by},
        retention::{dry_run::dry_run, run_once},
        store::{Store, retention::objects, work_logs::StoredEntry},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        archives::{run, tiers, trusted},
        databases::{Sqlite, on_both_databases},
        people::{NOW, draft, entry, person},
        random::Chance,
    },
};
use futures::FutureExt;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// The sizes of a person's objects in use, and how many entries count in each.
async fn sizes(store: &Store, user: UserId) -> Vec<(i64, i64)> {
    let mut reader = store.read().await.unwrap();
    let manifests = objects::of_user(&mut reader, user, None).await.unwrap();
    manifests
        .iter()
        .map(|manifest| (manifest.entries(), manifest.stored_bytes))
        .collect()
}

fn rows_of(store: &Store) -> i64 {
    if store.is_single_process() { 200 } else { 500 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_names_what_the_object_replaces_and_one_of_before_names_nothing() {
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
    assert_eq!(header(&bytes).get("replaces"), None, "as before");
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
        "a name says what entries there are"
    );
    assert_eq!(
        header(&replacing.bytes)["replaces"],
        serde_json::json!(["a"])
    );
    for (encoded, replaces) in [(plain, vec![]), (replacing, vec!["a".to_owned()])] {
        let decoded = object::decode_whole(&encoded.bytes).unwrap();
        assert_eq!((&decoded.entries, decoded.replaces), (&entries, replaces));
    }
}

on_both_databases! {
    async fn a_large_group_becomes_several_objects_each_listed_in_one_transaction(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let (most, at) = (rows_of(&store), NOW.plus(31 * DAY_MS));
        for n in 0..=most {
            entry(&store, ada, Status::Success, &format!("entry {n}")).await;
        }
        let foreseen = dry_run(&tiers, trusted(at)).await.unwrap().report;
        let (listed, counting) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let (count, here) = (counting.clone(), store.clone());
        let all = listed.clone();
        let listener = Arc::new(move |point| {
            let (count, here, all) = (count.clone(), here.clone(), all.clone());
            async move {
                if point == FailPoint::ReadBack {
                    let rows = "select count(*) from work_logs";
                    let mut look = here.connection().await.unwrap();
                    let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut *look).await.unwrap();
                    assert_eq!(rows, most + 1 - all.load(Ordering::Relaxed), "whole objects went");
                    all.fetch_add(most.min(rows), Ordering::Relaxed);
                }
                if point == FailPoint::MoveWritten {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            .boxed()
        });
        let report = heard_by(listener, run_once(&tiers, trusted(at))).await.unwrap();
        assert_eq!((report.failed, report.moved_to_cold), (0, most + 1), "{report:?}");
        assert_eq!((report.objects_written, foreseen.objects_written), (2, 2));
        assert_eq!(counting.load(Ordering::Relaxed), 2, "one transaction each");
        let mut entries: Vec<i64> = sizes(&store, ada).await.iter().map(|size| size.0).collect();
        entries.sort_unstable();
        assert_eq!(entries, [1, most]);
    }

    async fn an_object_holds_no_more_bytes_than_it_may_unless_one_entry_does(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let mut chance = Chance::seeded(1);
        for _ in 0..30 {
            // text that nothing packs to less than half
            let sixteen = |_| format!("{:016x}", chance.bits());
            let details: String = (0..64 * 1024 / 16).map(sixteen).collect();
            let made = EntryDraft { details: Some(details), ..draft(Status::Success, "large") };
            create_work_log(&store, NOW, ada, made, Origin::default()).await.unwrap();
        }
        for days in [8, 31] {
            let report = run(&tiers, NOW.plus(days * DAY_MS)).await;
            assert_eq!(report.failed, 0, "{report:?}");
        }
        let most = if store.is_single_process() { 512 << 10 } else { 1 << 20 };
        let sizes = sizes(&store, ada).await;
        assert_eq!(sizes.iter().map(|size| size.0).sum::<i64>(), 30);
        assert!(sizes.iter().all(|(_, bytes)| *bytes <= most), "{sizes:?}");
        let fewest = 30 * 32 * 1024 / most;
        assert!((fewest..=fewest + 2).contains(&(sizes.len() as i64)), "{sizes:?}");
    }
}
