//! Warm rows are packed only if that saves at least a quarter of their long fields.

use crate::{
    domain::{
        EntryDraft, EntryPatch, Status, StorageStatus, WorkLogEntry, ids::UserId, time::DAY_MS,
    },
    server::{
        archive::reader::list,
        retention::{Run, dry_run::dry_run, run_once},
        store::{
            Store, stats,
            work_logs::{self, EntryFilter},
        },
        work_log::{self, Origin, create_work_log, update_work_log},
    },
    tests::support::{
        archives::{run, tiers, trusted},
        databases::on_both_databases,
        people::{NOW, draft, entry, person},
    },
};
use std::time::Duration;

/// Details that compress well.
const LONG: &str = "Painted the lighthouse at dusk in three passes, then the boats coming home. \
                    Painted the lighthouse at dusk in three passes, then the boats coming home.";
/// A row packed by format version 1, and its details.
const PACKED_V1: &[u8] = include_bytes!("../../server/store/packing/packed-1.bin");
const DETAILS_V1: &str = "Quota exceeded for requests per minute.";

async fn create(store: &Store, user: UserId, title: &str, details: Option<&str>) -> WorkLogEntry {
    let draft = EntryDraft {
        details: details.map(str::to_owned),
        ..draft(Status::Success, title)
    };
    create_work_log(store, NOW, user, draft, Origin::default())
        .await
        .unwrap()
}

/// Whether an entry's row is packed, and its plain fields.
async fn row(store: &Store, entry: &WorkLogEntry) -> (bool, Option<String>, String) {
    let sql = "select cast(case when packed is null then 0 else 1 end as bigint), details, \
               metadata from work_logs where id = $1";
    let (packed, details, metadata): (i64, Option<String>, String) = sqlx::query_as(sql)
        .bind(entry.id.to_string())
        .fetch_one(&mut *store.read().await.unwrap())
        .await
        .unwrap();
    (packed == 1, details, metadata)
}

/// Checks the totals of the hot and warm tier against the rows.
async fn check_totals(store: &Store) {
    let mut reader = store.read().await.unwrap();
    let lines = stats::since(&mut reader, 0).await.unwrap();
    for tier in ["hot", "warm"] {
        let sql = "select count(*), cast(coalesce(sum(length(title) + coalesce(length(packed), \
                   coalesce(length(details), 0) + length(metadata))), 0) as bigint) \
                   from work_logs where storage_status = $1";
        let rows: (i64, i64) = sqlx::query_as(sql)
            .bind(tier)
            .fetch_one(&mut *reader)
            .await
            .unwrap();
        let lines = lines.iter().filter(|line| line.tier == tier);
        let totals = lines.fold((0, 0), |(entries, bytes), line| {
            assert!(line.stored_bytes <= line.bytes, "{line:?}");
            (entries + line.entries, bytes + line.stored_bytes)
        });
        assert_eq!(totals, rows, "{tier}");
    }
}

on_both_databases! {
    async fn a_row_stays_plain_when_packing_saves_less_than_a_quarter(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let empty = entry(&store, ada, Status::Success, "empty").await;
        let short = create(&store, ada, "short", Some("Done.")).await;
        let long = create(&store, ada, "long", Some(LONG)).await;
        let at = trusted(NOW.plus(8 * DAY_MS));
        let planned = dry_run(&tiers, at).await.unwrap().report;
        let actual = run_once(&tiers, at).await.unwrap();
        assert_eq!(
            (planned.moved_to_warm, actual.moved_to_warm, actual.failed),
            (3, 3, 0),
            "{actual:?}"
        );
        assert_eq!(row(&store, &empty).await, (false, None, "{}".to_owned()));
        assert_eq!(
            row(&store, &short).await,
            (false, Some("Done.".to_owned()), "{}".to_owned())
        );
        assert_eq!(row(&store, &long).await, (true, None, String::new()));
        check_totals(&store).await;
        let all = EntryFilter::default();
        let reader = &mut store.read().await.unwrap();
        let listed = list(reader, &tiers.archive, ada, (&all, false), None, 9)
            .await
            .unwrap();
        let warm = |entry: &WorkLogEntry| WorkLogEntry {
            storage_status: StorageStatus::Warm,
            ..entry.clone()
        };
        assert_eq!(listed, [warm(&long), warm(&short), warm(&empty)]);
        for (text, title) in [("DONE", "short"), ("passes", "long"), ("empt", "empty")] {
            let filter = EntryFilter {
                text: Some(text.into()),
                ..EntryFilter::default()
            };
            let found = work_logs::list(reader, ada, &filter, None, 9)
                .await
                .unwrap();
            let titles: Vec<_> = found.into_iter().map(|entry| entry.title).collect();
            assert_eq!(titles, [title], "{text}");
        }
    }

    async fn a_run_leaves_warm_rows_unchanged_whether_plain_or_packed(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        for (title, details) in [("plain", None), ("packed", Some(LONG))] {
            create(&store, ada, title, details).await;
        }
        let shortest = Run {
            max_duration: Duration::ZERO,
            ..trusted(NOW.plus(8 * DAY_MS))
        };
        let first = run_once(&tiers, shortest).await.unwrap();
        assert_eq!((first.moved_to_warm, first.more), (2, false), "{first:?}");
        assert_eq!(dry_run(&tiers, shortest).await.unwrap().plan.steps, []);
        let second = run_once(&tiers, shortest).await.unwrap();
        assert!(!second.did_something() && !second.more, "{second:?}");
    }

    async fn totals_follow_rows_through_changes_deletions_and_moves(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let mut entries = Vec::new();
        for (title, details) in [
            ("plain", None),
            ("short", Some("x")),
            ("packed", Some(LONG)),
        ] {
            for n in 0..3 {
                entries.push(create(&store, ada, &format!("{title} {n}"), details).await);
            }
        }
        let warm = NOW.plus(8 * DAY_MS);
        assert_eq!(run(&tiers, warm).await.moved_to_warm, 9);
        check_totals(&store).await;
        for chosen in entries.chunks(3) {
            let patch = EntryPatch {
                title: Some("changed".into()),
                ..EntryPatch::default()
            };
            update_work_log(&store, warm, ada, chosen[0].id, patch)
                .await
                .unwrap();
            check_totals(&store).await;
            work_log::delete_entry_keeping_files(&tiers, warm, ada, chosen[1].id)
                .await
                .unwrap();
            check_totals(&store).await;
        }
        assert_eq!(
            run(&tiers, warm).await.moved_to_warm,
            3,
            "changed rows become warm again"
        );
        check_totals(&store).await;
        assert_eq!(run(&tiers, NOW.plus(31 * DAY_MS)).await.moved_to_cold, 6);
        check_totals(&store).await;
        assert_eq!(run(&tiers, NOW.plus(91 * DAY_MS)).await.deleted, 6);
        check_totals(&store).await;
    }

    async fn a_row_packed_by_an_earlier_version_can_be_read_and_changed(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let old = create(&store, ada, "old", Some(DETAILS_V1)).await;
        assert_eq!(run(&tiers, NOW.plus(8 * DAY_MS)).await.moved_to_warm, 1);
        let mut tx = store.begin().await.unwrap();
        let sql = "update work_logs set details = null, metadata = '', packed = $1";
        sqlx::query(sql)
            .bind(PACKED_V1)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let found = work_logs::find(&mut store.read().await.unwrap(), ada, old.id)
            .await
            .unwrap();
        let found = found.unwrap();
        assert_eq!(found.details.as_deref(), Some(DETAILS_V1));
        assert_eq!(found.metadata.0["errorClass"], "rate_limit");
        assert_eq!(found.storage_status, StorageStatus::Warm);
        let patch = EntryPatch {
            title: Some("changed".into()),
            ..EntryPatch::default()
        };
        let changed = update_work_log(&store, NOW, ada, old.id, patch)
            .await
            .unwrap();
        assert_eq!(changed.storage_status, StorageStatus::Hot);
        assert_eq!(changed.details, found.details);
        assert_eq!(row(&store, &old).await.1.as_deref(), Some(DETAILS_V1));
    }
}
