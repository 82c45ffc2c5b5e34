//! Single rules of retention: ages, the clock guard, the lease, cursors below moved rows, kept
//! entries and holds.

use crate::{
    domain::{
        Cursor, EntryDraft, EntryPatch, ResetReason, Status, StorageStatus, WorkLogEntry,
        ids::UserId,
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        archive::{Tiers, erase, holds, reader},
        base::{
            data_dir::DataDir,
            error::Error,
            fail_points::{FailPoint, with_hook},
        },
        feed::{Position, check_cursor},
        retention::{Policy, Run, report::RestoreReport, restore, run_once, worker::take_over},
        store::{
            retention::{lease, objects},
            work_logs::EntryFilter,
        },
        work_log::{self, Origin, archived::update_entry, create_work_log, update_work_log},
    },
    tests::support::{
        archives::{once_at, run, tiers, trusted},
        databases::on_both_databases,
        people::{NOW, conversation, draft, entry, person},
    },
};
use std::time::Duration;

const fn days(days: i64) -> Timestamp {
    NOW.plus(days * DAY_MS)
}

async fn list(
    tiers: &Tiers,
    user: UserId,
    filter: EntryFilter,
    archive_too: bool,
) -> Vec<WorkLogEntry> {
    let mut reader = tiers.store.read().await.unwrap();
    reader::list(
        &mut reader,
        &tiers.archive,
        user,
        (&filter, archive_too),
        None,
        1_000,
    )
    .await
    .unwrap()
}

on_both_databases! {
    async fn an_entry_moves_through_every_tier_and_is_deleted_after_90_days(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let created = entry(&store, ada, Status::Success, "one").await;
        for (age, tier) in [
            (6, "hot"),
            (7, "warm"),
            (29, "warm"),
            (30, "cold"),
            (89, "cold"),
        ] {
            run(&tiers, days(age)).await;
            let listed = list(&tiers, ada, EntryFilter::default(), false).await;
            assert_eq!(
                (listed.len(), listed[0].storage_status.as_str()),
                (1, tier),
                "at {age} days"
            );
            assert_eq!(
                (listed[0].rev, listed[0].expires_at, &listed[0].title),
                (created.rev, Some(days(90)), &created.title)
            );
            assert_eq!(listed[0].archived_at.is_some(), tier == "cold");
        }
        assert_eq!(run(&tiers, days(90)).await.deleted, 1);
        assert_eq!(list(&tiers, ada, EntryFilter::default(), false).await, []);
    }

    async fn a_long_run_ends_before_its_lease_and_leaves_the_rest_to_the_next(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        for title in ["one", "two", "three"] {
            let conversation = conversation(&store, ada, title).await;
            let new_entry = EntryDraft {
                conversation_id: Some(conversation.id),
                ..draft(Status::Success, title)
            };
            create_work_log(&store, NOW, ada, new_entry, Origin::default())
                .await
                .unwrap();
        }
        let shortest = Run {
            max_duration: Duration::ZERO,
            ..trusted(days(31))
        };
        for more in [true, true, false] {
            let report = run_once(&tiers, shortest).await.unwrap();
            assert_eq!((report.moved_to_cold, report.more), (1, more), "{report:?}");
        }
        assert_eq!(run_once(&tiers, shortest).await.unwrap().moved_to_cold, 0);
    }

    async fn after_a_clock_jump_nothing_is_deleted_until_an_admin_confirms(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        let untrusted = |at| Run::at(Policy::default(), at);
        run_once(&tiers, untrusted(NOW)).await.unwrap();
        let jumped = run_once(&tiers, untrusted(days(3_650))).await.unwrap();
        assert!(
            jumped.waiting.is_some() && jumped.deleted == 0,
            "{jumped:?}"
        );
        let corrected = run_once(&tiers, untrusted(NOW.plus(HOUR_MS)))
            .await
            .unwrap();
        assert_eq!((corrected.waiting, corrected.deleted), (None, 0));
        let jumped = run_once(&tiers, untrusted(days(3_650))).await.unwrap();
        assert!(
            jumped.waiting.is_some(),
            "a second jump needs confirmation too: {jumped:?}"
        );
        assert_eq!(run(&tiers, days(3_650)).await.deleted, 1);
    }

    async fn one_runner_holds_the_lease_and_only_that_one_releases_it(store: Store) {
        let mut tx = store.begin().await.unwrap();
        let first = lease::take(&mut tx, NOW, NOW.plus(1_000))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            lease::take(&mut tx, NOW.plus(999), NOW.plus(1_999))
                .await
                .unwrap(),
            None,
            "the lease is held"
        );
        let second = lease::take(&mut tx, NOW.plus(1_000), NOW.plus(2_000))
            .await
            .unwrap()
            .unwrap();
        assert!(
            !lease::is_held(&mut tx, first).await.unwrap()
                && lease::is_held(&mut tx, second).await.unwrap()
        );
        lease::release(&mut tx, first).await.unwrap();
        assert_eq!(
            lease::take(&mut tx, NOW.plus(1_001), NOW.plus(2_001))
                .await
                .unwrap(),
            None,
            "only the holder releases it"
        );
        tx.commit().await.unwrap();
        let tiers = tiers(&store);
        assert!(
            run_once(&tiers, Run::at(Policy::default(), NOW.plus(1_500)))
                .await
                .unwrap()
                .busy
        );
    }

    async fn a_command_takes_over_the_lease_of_a_dead_process_only(store: Store) {
        let (tiers, folder) = (tiers(&store), tempfile::tempdir().unwrap());
        let mut tx = store.begin().await.unwrap();
        lease::take(&mut tx, NOW, NOW.plus(600_000))
            .await
            .unwrap()
            .unwrap();
        tx.commit().await.unwrap();
        let server = DataDir::take(folder.path()).unwrap();
        assert!(
            take_over(&store, folder.path()).await.unwrap().is_none()
                && run(&tiers, NOW).await.busy,
            "a server may be running"
        );
        drop(server);
        let runner = take_over(&store, folder.path()).await.unwrap();
        assert_eq!(
            runner.is_some(),
            store.is_single_process(),
            "on PostgreSQL another machine may be running"
        );
        assert_eq!(run(&tiers, NOW).await.busy, !store.is_single_process());
        assert!(
            take_over(&store, folder.path()).await.unwrap().is_none(),
            "another command is running"
        );
    }

    async fn a_cursor_below_archived_rows_is_reset(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let old = entry(&store, ada, Status::Success, "old").await;
        run(&tiers, days(31)).await;
        let reader = &mut store.read().await.unwrap();
        let at = |rev| {
            Some(Cursor {
                epoch: store.epoch(),
                rev,
            })
        };
        assert_eq!(
            check_cursor(&store, reader, ada, at(old.rev - 1))
                .await
                .unwrap(),
            Position::Reset(ResetReason::TooOld)
        );
        assert_eq!(
            check_cursor(&store, reader, ada, at(old.rev))
                .await
                .unwrap(),
            Position::At(at(old.rev).unwrap())
        );
    }

    async fn kept_and_held_entries_stay_and_released_ones_expire(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let kept_conversation = conversation(&store, ada, "Kept").await;
        let held = conversation(&store, ada, "Held").await;
        let draft_in = |conversation_id| EntryDraft {
            conversation_id,
            ..draft(Status::Success, "x")
        };
        let outside = create_work_log(&store, NOW, ada, draft_in(None), Origin::default())
            .await
            .unwrap();
        for conversation_id in [kept_conversation.id, held.id] {
            create_work_log(
                &store,
                NOW,
                ada,
                draft_in(Some(conversation_id)),
                Origin::default(),
            )
            .await
            .unwrap();
        }
        holds::keep_conversation(&tiers, NOW, ada, kept_conversation.id, true)
            .await
            .unwrap();
        let hold = holds::place_hold(&tiers, NOW, ada, (ada, Some(held.id)), "a lawsuit")
            .await
            .unwrap();
        let report = run(&tiers, days(40)).await;
        assert_eq!(
            (report.moved_to_archived, report.moved_to_cold),
            (2, 1),
            "entries that do not expire are archived at once: {report:?}"
        );
        let kept = EntryPatch {
            kept: Some(true),
            ..EntryPatch::default()
        };
        update_entry(&tiers, days(40), ada, outside.id, kept)
            .await
            .unwrap();
        run(&tiers, days(41)).await;
        let report = run(&tiers, days(1_000)).await;
        let listed = list(&tiers, ada, EntryFilter::default(), false).await;
        assert!(
            listed.len() == 3 && report.deleted == 0,
            "{listed:?} {report:?}"
        );
        assert!(
            listed
                .iter()
                .all(|entry| entry.storage_status == StorageStatus::Archived
                    && entry.expires_at.is_none()),
            "{listed:?}"
        );
        let refused = work_log::delete_entry_keeping_files(
            &tiers,
            days(1_000),
            ada,
            listed
                .iter()
                .find(|entry| entry.conversation_id == Some(held.id))
                .unwrap()
                .id,
        )
        .await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let emptied = EntryPatch {
            title: Some("x".into()),
            details: Some(None),
            ..EntryPatch::default()
        };
        for entry in &listed {
            let changed = update_entry(&tiers, days(1_000), ada, entry.id, emptied.clone()).await;
            assert_eq!(
                changed.is_err(),
                entry.conversation_id == Some(held.id),
                "an entry on hold must not change: {changed:?}"
            );
        }
        holds::keep_conversation(&tiers, days(1_000), ada, kept_conversation.id, false)
            .await
            .unwrap();
        holds::release_hold(&tiers, days(1_000), &hold)
            .await
            .unwrap();
        run(&tiers, days(1_000)).await;
        run(&tiers, days(1_000)).await;
        assert_eq!(
            list(&tiers, ada, EntryFilter::default(), false).await.len(),
            1,
            "only the entry kept by its owner remains"
        );
    }

    async fn a_changed_policy_applies_to_existing_entries(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let created = entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        for (cold, expires) in [(40, 40), (400, 400)] {
            let mut tx = store.begin().await.unwrap();
            crate::server::store::retention::set_policy(&mut tx, [7, 30, cold])
                .await
                .unwrap();
            tx.commit().await.unwrap();
            assert_eq!(
                list(&tiers, ada, EntryFilter::default(), false).await[0].expires_at,
                Some(created.timestamp.plus(expires * DAY_MS))
            );
        }
    }

    async fn search_covers_packed_rows_and_on_request_the_archive(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let detailed = EntryDraft {
            details: Some("Painted in 3 PASSES".into()),
            ..draft(Status::Info, "Image")
        };
        create_work_log(&store, NOW, ada, detailed, Origin::default())
            .await
            .unwrap();
        entry(&store, ada, Status::Info, "nothing of the kind").await;
        let containing = || EntryFilter {
            text: Some("passes".into()),
            ..EntryFilter::default()
        };
        run(&tiers, days(10)).await;
        assert_eq!(
            list(&tiers, ada, containing(), false).await.len(),
            1,
            "warm"
        );
        run(&tiers, days(31)).await;
        assert_eq!(
            list(&tiers, ada, containing(), false).await.len(),
            0,
            "cold, without the archive"
        );
        assert_eq!(
            list(&tiers, ada, containing(), true).await.len(),
            1,
            "cold, with the archive"
        );
        let cold = EntryFilter {
            storage_status: Some(StorageStatus::Cold),
            ..containing()
        };
        assert_eq!(
            list(&tiers, ada, cold, false).await.len(),
            1,
            "filtered by the cold tier"
        );
    }

    async fn a_row_that_changes_while_it_is_archived_stays_a_row(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let one = entry(&store, ada, Status::Success, "one").await;
        entry(&store, ada, Status::Success, "two").await;
        let patch = EntryPatch {
            title: Some("changed".into()),
            ..EntryPatch::default()
        };
        let other_store = store.clone();
        let update = async move {
            drop(
                update_work_log(&other_store, days(31), ada, one.id, patch)
                    .await
                    .unwrap(),
            )
        };
        let report = with_hook(once_at(FailPoint::ReadBack, update), run(&tiers, days(31))).await;
        assert_eq!((report.failed, report.moved_to_cold), (0, 1), "{report:?}");
        let by_tier = |entries: Vec<WorkLogEntry>| {
            entries
                .into_iter()
                .map(|entry| (entry.title, entry.storage_status))
                .collect::<Vec<_>>()
        };
        let found = by_tier(list(&tiers, ada, EntryFilter::default(), false).await);
        assert_eq!(
            found,
            [
                ("two".to_owned(), StorageStatus::Cold),
                ("changed".to_owned(), StorageStatus::Hot)
            ]
        );
        run(&tiers, days(31)).await;
        let found = by_tier(list(&tiers, ada, EntryFilter::default(), false).await);
        assert_eq!(
            found,
            [
                ("two".to_owned(), StorageStatus::Cold),
                ("changed".to_owned(), StorageStatus::Cold)
            ]
        );
    }

    async fn a_run_whose_lease_expired_is_superseded_by_the_next(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        let (other, later) = (tiers.clone(), days(31).plus(660_000));
        let take_over = async move { assert_eq!(run(&other, later).await.moved_to_cold, 1) };
        let first = trusted(days(31));
        let superseded = with_hook(
            once_at(FailPoint::ReadBack, take_over),
            run_once(&tiers, first),
        )
        .await;
        assert!(
            matches!(superseded, Err(Error::Superseded)),
            "{superseded:?}"
        );
        assert_eq!(
            list(&tiers, ada, EntryFilter::default(), false).await.len(),
            1
        );
        assert_eq!(
            objects::of_user(&mut store.read().await.unwrap(), ada, None)
                .await
                .unwrap()
                .len(),
            1
        );
    }

    async fn a_clock_that_is_off_by_a_day_or_steps_back_deletes_nothing_early(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        let untrusted = |at| Run::at(Policy::default(), at);
        let last_hour = days(89).plus(HOUR_MS);
        run_once(&tiers, untrusted(last_hour)).await.unwrap();
        let a_day_fast = run_once(&tiers, untrusted(last_hour.plus(25 * HOUR_MS)))
            .await
            .unwrap();
        assert!(
            a_day_fast.waiting.is_some() && a_day_fast.deleted == 0,
            "{a_day_fast:?}"
        );
        for back in [days(88), days(-3_650), NOW] {
            let report = run_once(&tiers, untrusted(back)).await.unwrap();
            assert_eq!((report.deleted, report.busy), (0, false), "{report:?}");
        }
        assert_eq!(
            list(&tiers, ada, EntryFilter::default(), false).await.len(),
            1
        );
        for hours in 2..24 {
            run_once(&tiers, untrusted(days(89).plus(hours * HOUR_MS)))
                .await
                .unwrap();
        }
        assert_eq!(
            run_once(&tiers, untrusted(days(90))).await.unwrap().deleted,
            1,
            "it expires when the clock advances by the hour"
        );
    }

    async fn a_conversation_is_read_in_order_across_all_tiers(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let conversation = conversation(&store, ada, "Conversation").await;
        let mut ids = Vec::new();
        for age in [0, 0, 1, 1, 35, 35] {
            let new_entry = EntryDraft {
                conversation_id: Some(conversation.id),
                ..draft(Status::Info, "x")
            };
            ids.push(
                create_work_log(&store, days(age), ada, new_entry, Origin::default())
                    .await
                    .unwrap()
                    .id,
            );
        }
        run(&tiers, days(36)).await;
        let mut reader = store.read().await.unwrap();
        for (from, limit) in [(0, 9), (1, 2), (1, 4), (3, 9), (5, 9)] {
            let read = reader::earliest(
                &mut reader,
                &tiers.archive,
                ada,
                conversation.id,
                ids[from],
                limit,
            )
            .await
            .unwrap();
            let expected: Vec<_> = ids[from..].iter().copied().take(limit as usize).collect();
            assert_eq!(
                read.iter().map(|entry| entry.id).collect::<Vec<_>>(),
                expected,
                "from {from}, at most {limit}"
            );
        }
    }

    async fn an_erased_account_leaves_only_totals(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let bob = person(&store, "bob").await;
        for (user, title) in [(ada, "one"), (ada, "two"), (bob, "three")] {
            entry(&store, user, Status::Success, title).await;
        }
        run(&tiers, days(31)).await;
        create_work_log(
            &store,
            days(31),
            ada,
            draft(Status::Info, "four"),
            Origin::default(),
        )
        .await
        .unwrap();
        let receipt = erase::erase_account(&tiers, days(32), ada).await.unwrap();
        assert_eq!(
            (
                receipt.rows,
                receipt.archived,
                receipt.objects,
                receipt.objects_pending
            ),
            (1, 2, 1, 0)
        );
        assert_eq!(
            list(&tiers, bob, EntryFilter::default(), false).await.len(),
            1
        );
        let lines = crate::server::store::stats::since(&mut store.read().await.unwrap(), 0)
            .await
            .unwrap();
        let entries_in = |tier: &str| {
            lines
                .iter()
                .filter(|line| line.tier == tier)
                .map(|line| line.entries)
                .sum::<i64>()
        };
        assert_eq!(
            (entries_in("deleted"), entries_in("cold"), entries_in("hot")),
            (3, 1, 0)
        );
        let report = restore::after_restore(&tiers, days(33)).await.unwrap();
        assert_eq!(
            report,
            RestoreReport::default(),
            "nothing is erased twice"
        );
    }
}
