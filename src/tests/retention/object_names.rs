//! Object keys: delayed deletes, erasure during a write, and unlisted objects.

use crate::{
    domain::{EntryDraft, Status, time::DAY_MS},
    server::{
        archive::{Tiers, erase, reader},
        base::{
            clock::Clock,
            fail_points::{FailPoint, with_hook},
        },
        chat::delete_conversation_rows,
        retention::{Policy, Run, dry_run::dry_run, run_once},
        store::{
            retention::objects::{self, Reservation},
            work_logs::EntryFilter,
        },
        work_log,
    },
    tests::support::{
        archives::{once_at, run, tiers, trusted},
        databases::on_both_databases,
        people::{NOW, conversation, draft, entry, person},
    },
};
use futures::TryStreamExt;

async fn archive_keys(tiers: &Tiers) -> Vec<String> {
    tiers
        .archive
        .list("work-log")
        .map_ok(|object| object.key)
        .try_collect()
        .await
        .unwrap()
}

on_both_databases! {
    async fn a_key_is_not_reused_soon_after_its_object_was_deleted(store: Store) {
        let ada = person(&store, "ada").await;
        let mut tx = store.begin().await.unwrap();
        assert_eq!(
            objects::reserve(&mut tx, ada, "a", None, NOW)
                .await
                .unwrap(),
            Reservation::Reserved
        );
        assert_eq!(
            objects::reserve(&mut tx, ada, "a", None, NOW)
                .await
                .unwrap(),
            Reservation::Reserved,
            "reserved again after a crash"
        );
        objects::mark_pending(&mut tx, ada, None).await.unwrap();
        assert_eq!(
            objects::reserve(&mut tx, ada, "a", None, NOW)
                .await
                .unwrap(),
            Reservation::Deleted
        );
        objects::record_deleted(&mut tx, ada, "a", NOW).await.unwrap();
        assert_eq!(
            objects::reserve(&mut tx, ada, "a", None, NOW)
                .await
                .unwrap(),
            Reservation::Deleted
        );
        objects::mark_abandoned(&mut tx, NOW.plus(1)).await.unwrap();
        assert_eq!(
            objects::reserve(&mut tx, ada, "a", None, NOW)
                .await
                .unwrap(),
            Reservation::Reserved,
            "the delay for late deletes has passed"
        );
    }

    async fn a_delayed_delete_never_removes_a_live_object(store: Store) {
        let (tiers, ada, at) = (
            tiers(&store),
            person(&store, "ada").await,
            NOW.plus(31 * DAY_MS),
        );
        let moved = entry(&store, ada, Status::Success, "moved").await;
        let later = work_log::create_work_log(
            &store,
            at,
            ada,
            draft(Status::Success, "later"),
            Default::default(),
        )
        .await
        .unwrap();
        let other_tiers = tiers.clone();
        let erase = async move {
            _ = work_log::delete_entry_keeping_files(&other_tiers, at, ada, later.id)
                .await
                .unwrap()
        };
        let interrupted = with_hook(
            once_at(FailPoint::Put, erase),
            run_once(&tiers, trusted(at)),
        );
        assert_eq!(
            interrupted.await.unwrap().failed,
            1,
            "the object was abandoned because of the erasure"
        );
        assert_eq!(
            archive_keys(&tiers).await,
            Vec::<String>::new(),
            "the abandoned object should be deleted"
        );
        assert_eq!(run(&tiers, at).await.moved_to_cold, 1);
        let keys = archive_keys(&tiers).await;
        assert!(
            keys.len() == 1 && keys[0].ends_with("-2.ndjson.zst"),
            "{keys:?}"
        );
        tiers
            .archive
            .delete(&keys[0].replace("-2.ndjson.zst", ".ndjson.zst"))
            .await
            .unwrap();
        let found = reader::find(store.read().await.unwrap(), &tiers.archive, ada, moved.id)
            .await
            .unwrap();
        assert_eq!(found.unwrap().title, "moved");
    }

    async fn an_object_written_during_account_erasure_is_deleted(store: Store) {
        for point in [
            FailPoint::MovePlanned,
            FailPoint::Encoded,
            FailPoint::Reserved,
            FailPoint::Put,
            FailPoint::ReadBack,
        ] {
            let (tiers, at) = (tiers(&store), NOW.plus(31 * DAY_MS));
            let ada = person(&store, &format!("ada-{point:?}").to_lowercase()).await;
            entry(&store, ada, Status::Success, "moved").await;
            let other_tiers = tiers.clone();
            let erase =
                async move { _ = erase::erase_account(&other_tiers, at, ada).await.unwrap() };
            let run = run_once(&tiers, trusted(at));
            with_hook(once_at(point, erase), run).await.unwrap();
            assert_eq!(
                archive_keys(&tiers).await,
                Vec::<String>::new(),
                "{point:?}"
            );
        }
    }

    async fn a_rewritten_object_never_contains_entries_erased_meanwhile(store: Store) {
        for point in [
            FailPoint::MovePlanned,
            FailPoint::Encoded,
            FailPoint::Reserved,
            FailPoint::Put,
            FailPoint::ReadBack,
        ] {
            let (tiers, at) = (tiers(&store), NOW.plus(31 * DAY_MS));
            let ada = person(&store, &format!("ada-{point:?}").to_lowercase()).await;
            let conversation = conversation(&store, ada, "Conversation").await;
            let inside = |title: &str| EntryDraft {
                conversation_id: Some(conversation.id),
                ..draft(Status::Success, title)
            };
            let first =
                work_log::create_work_log(&store, NOW, ada, inside("first"), Default::default())
                    .await
                    .unwrap();
            work_log::create_work_log(&store, NOW, ada, inside("second"), Default::default())
                .await
                .unwrap();
            run(&tiers, at).await;
            let other_tiers = tiers.clone();
            let erase = async move {
                delete_conversation_rows(&other_tiers.store, at, ada, conversation.id)
                    .await
                    .unwrap();
                erase::delete_marked_objects(&other_tiers, at, ada)
                    .await
                    .unwrap();
            };
            with_hook(
                once_at(point, erase),
                work_log::delete_entry_keeping_files(&tiers, at, ada, first.id),
            )
            .await
            .unwrap();
            assert_eq!(
                archive_keys(&tiers).await,
                Vec::<String>::new(),
                "{point:?}"
            );
        }
    }

    async fn a_database_that_lists_few_objects_deletes_no_orphans(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let day = |days: i64| Clock::system().now().plus(days * DAY_MS);
        let put = async |numbers: std::ops::Range<u32>| {
            for n in numbers {
                tiers
                    .archive
                    .create(
                        &format!("work-log/v1/{ada}/none/2026-11-24/{n}.ndjson.zst"),
                        vec![1],
                    )
                    .await
                    .unwrap();
            }
        };
        put(0..1).await;
        for (days, deleted) in [(3, 0), (4, 0), (6, 1)] {
            assert_eq!(
                run(&tiers, day(days)).await.orphans_deleted,
                deleted,
                "in use for {} days",
                days - 3
            );
        }
        put(1..6).await;
        let plan = async |trust_database| {
            dry_run(
                &tiers,
                Run {
                    trust_database,
                    ..Run::at(Policy::default(), day(8))
                },
            )
            .await
            .unwrap()
        };
        let (refused, confirmed) = (plan(false).await, plan(true).await);
        assert_eq!(
            (refused.orphans.len(), refused.report.failed),
            (0, 1),
            "{refused:?}"
        );
        assert_eq!(
            (
                confirmed.orphans.len(),
                confirmed.report.orphans_deleted,
                confirmed.report.failed
            ),
            (5, 5, 0),
            "{confirmed:?}"
        );
        assert!(
            confirmed
                .lines()
                .iter()
                .all(|step| step.contains("which nothing refers to")),
            "{:?}",
            confirmed.lines()
        );
        for days in [8, 9] {
            let report = run(&tiers, day(days)).await;
            assert!(
                report.failed == 1
                    && report.failures[0]
                        .contains("refers to only 0 of 5 objects in the archive"),
                "{report:?}"
            );
            assert_eq!(
                (archive_keys(&tiers).await.len(), report.orphans_deleted),
                (5, 0)
            );
        }
        let confirmed = Run {
            trust_database: true,
            ..Run::at(Policy::default(), day(9))
        };
        assert_eq!(
            run_once(&tiers, confirmed).await.unwrap().orphans_deleted,
            5
        );
        assert_eq!(
            reader::list(
                &mut store.read().await.unwrap(),
                &tiers.archive,
                ada,
                (&EntryFilter::default(), false),
                None,
                9
            )
            .await
            .unwrap(),
            []
        );
    }
}
