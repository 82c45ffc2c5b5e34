//! Single rules: the clock guard, the fence, the cursor below moved rows, what is kept and held.

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
            fail_points::{FailPoint, heard_by},
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

async fn all(
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
    async fn an_entry_goes_through_every_tier_and_is_gone_at_ninety_days(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let made = entry(&store, ada, Status::Success, "one").await;
        for (age, tier) in [(6, "hot"), (7, "warm"), (29, "warm"), (30, "cold"), (89, "cold")] {
            run(&tiers, days(age)).await;
            let listed = all(&tiers, ada, EntryFilter::default(), false).await;
            assert_eq!((listed.len(), listed[0].storage_status.as_str()), (1, tier), "at {age} days");
            assert_eq!((listed[0].rev, listed[0].expires_at, &listed[0].title), (made.rev, Some(days(90)), &made.title));
            assert_eq!(listed[0].archived_at.is_some(), tier == "cold");
        }
        assert_eq!(run(&tiers, days(90)).await.deleted, 1);
        assert_eq!(all(&tiers, ada, EntryFilter::default(), false).await, []);
    }

    async fn a_run_that_takes_long_ends_before_its_lease_and_leaves_the_rest_to_the_next(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        for title in ["one", "two", "three"] {
            let talk = conversation(&store, ada, title).await;
            let made = EntryDraft { conversation_id: Some(talk.id), ..draft(Status::Success, title) };
            create_work_log(&store, NOW, ada, made, Origin::default()).await.unwrap();
        }
        let no_longer = Run { at_most: Duration::ZERO, ..trusted(days(31)) };
        for left in [true, true, false] {
            let report = run_once(&tiers, no_longer).await.unwrap();
            assert_eq!((report.moved_to_cold, report.more), (1, left), "{report:?}");
        }
        assert_eq!(run_once(&tiers, no_longer).await.unwrap().moved_to_cold, 0);
    }

    async fn a_clock_that_leapt_deletes_nothing_without_an_admins_word(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        let untrusted = |at| Run::at(Policy::default(), at);
        run_once(&tiers, untrusted(NOW)).await.unwrap();
        let leapt = run_once(&tiers, untrusted(days(3_650))).await.unwrap();
        assert!(leapt.waiting.is_some() && leapt.deleted == 0, "{leapt:?}");
        let right_again = run_once(&tiers, untrusted(NOW.plus(HOUR_MS))).await.unwrap();
        assert_eq!((right_again.waiting, right_again.deleted), (None, 0));
        let leapt = run_once(&tiers, untrusted(days(3_650))).await.unwrap();
        assert!(leapt.waiting.is_some(), "the leap is not forgotten: {leapt:?}");
        assert_eq!(run(&tiers, days(3_650)).await.deleted, 1);
    }

    async fn one_runner_has_the_lease_and_only_it_gives_it_back(store: Store) {
        let mut tx = store.begin().await.unwrap();
        let first = lease::take(&mut tx, NOW, NOW.plus(1_000)).await.unwrap().unwrap();
        assert_eq!(lease::take(&mut tx, NOW.plus(999), NOW.plus(1_999)).await.unwrap(), None, "somebody has it");
        let second = lease::take(&mut tx, NOW.plus(1_000), NOW.plus(2_000)).await.unwrap().unwrap();
        assert!(!lease::holds(&mut tx, first).await.unwrap() && lease::holds(&mut tx, second).await.unwrap());
        lease::give_back(&mut tx, first).await.unwrap();
        assert_eq!(lease::take(&mut tx, NOW.plus(1_001), NOW.plus(2_001)).await.unwrap(), None, "only the holder gives it back");
        tx.commit().await.unwrap();
        let tiers = tiers(&store);
        assert!(run_once(&tiers, Run::at(Policy::default(), NOW.plus(1_500))).await.unwrap().busy);
    }

    async fn a_command_takes_the_lease_from_a_process_that_died_and_from_no_other(store: Store) {
        let (tiers, folder) = (tiers(&store), tempfile::tempdir().unwrap());
        let mut tx = store.begin().await.unwrap();
        lease::take(&mut tx, NOW, NOW.plus(600_000)).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        let server = DataDir::take(folder.path()).unwrap();
        assert!(take_over(&store, folder.path()).await.unwrap().is_none() && run(&tiers, NOW).await.busy, "a server may be running");
        drop(server);
        let runner = take_over(&store, folder.path()).await.unwrap();
        assert_eq!(runner.is_some(), store.is_single_process(), "elsewhere another machine may be running");
        assert_eq!(run(&tiers, NOW).await.busy, !store.is_single_process());
        assert!(take_over(&store, folder.path()).await.unwrap().is_none(), "another command is running");
    }

    async fn a_cursor_below_rows_that_moved_cannot_be_continued(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let old = entry(&store, ada, Status::Success, "old").await;
        run(&tiers, days(31)).await;
        let reader = &mut store.read().await.unwrap();
        let at = |rev| Some(Cursor { epoch: store.epoch(), rev });
        assert_eq!(check_cursor(&store, reader, ada, at(old.rev - 1)).await.unwrap(), Position::Reset(ResetReason::TooOld));
        assert_eq!(check_cursor(&store, reader, ada, at(old.rev)).await.unwrap(), Position::At(at(old.rev).unwrap()));
    }

    async fn what_is_kept_or_held_stays_and_what_is_let_go_expires(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let (talk, held) = (conversation(&store, ada, "Kept").await, conversation(&store, ada, "Held").await);
        let of = |place| EntryDraft { conversation_id: place, ..draft(Status::Success, "x") };
        let alone = create_work_log(&store, NOW, ada, of(None), Origin::default()).await.unwrap();
        for place in [talk.id, held.id] {
            create_work_log(&store, NOW, ada, of(Some(place)), Origin::default()).await.unwrap();
        }
        holds::keep_conversation(&tiers, NOW, ada, talk.id, true).await.unwrap();
        let hold = holds::place_hold(&tiers, NOW, ada, (ada, Some(held.id)), "a lawsuit").await.unwrap();
        let report = run(&tiers, days(40)).await;
        assert_eq!((report.moved_to_archived, report.moved_to_cold), (2, 1), "what does not expire is archived at once: {report:?}");
        let kept = EntryPatch { kept: Some(true), ..EntryPatch::default() };
        update_entry(&tiers, days(40), ada, alone.id, kept).await.unwrap();
        run(&tiers, days(41)).await;
        let report = run(&tiers, days(1_000)).await;
        let listed = all(&tiers, ada, EntryFilter::default(), false).await;
        assert!(listed.len() == 3 && report.deleted == 0, "{listed:?} {report:?}");
        assert!(listed.iter().all(|entry| entry.storage_status == StorageStatus::Archived && entry.expires_at.is_none()), "{listed:?}");
        let refused = work_log::erase_entry(&tiers, days(1_000), ada, listed.iter().find(|entry| entry.conversation_id == Some(held.id)).unwrap().id).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        let emptied = EntryPatch { title: Some("x".into()), details: Some(None), ..EntryPatch::default() };
        for entry in &listed {
            let changed = update_entry(&tiers, days(1_000), ada, entry.id, emptied.clone()).await;
            assert_eq!(changed.is_err(), entry.conversation_id == Some(held.id), "what is held does not change: {changed:?}");
        }
        holds::keep_conversation(&tiers, days(1_000), ada, talk.id, false).await.unwrap();
        holds::release_hold(&tiers, days(1_000), &hold).await.unwrap();
        run(&tiers, days(1_000)).await;
        run(&tiers, days(1_000)).await;
        assert_eq!(all(&tiers, ada, EntryFilter::default(), false).await.len(), 1, "only the entry that its owner keeps");
    }

    async fn a_policy_that_changes_holds_for_entries_that_are_there(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let made = entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        for (cold, expires) in [(40, 40), (400, 400)] {
            let mut tx = store.begin().await.unwrap();
            crate::server::store::retention::declare_policy(&mut tx, [7, 30, cold]).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(all(&tiers, ada, EntryFilter::default(), false).await[0].expires_at, Some(made.timestamp.plus(expires * DAY_MS)));
        }
    }

    async fn text_in_packed_rows_is_found_and_in_the_archive_when_asked_for(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let detailed = EntryDraft { details: Some("Painted in 3 PASSES".into()), ..draft(Status::Info, "Image") };
        create_work_log(&store, NOW, ada, detailed, Origin::default()).await.unwrap();
        entry(&store, ada, Status::Info, "nothing of the kind").await;
        let containing = || EntryFilter { text: Some("passes".into()), ..EntryFilter::default() };
        run(&tiers, days(10)).await;
        assert_eq!(all(&tiers, ada, containing(), false).await.len(), 1, "warm");
        run(&tiers, days(31)).await;
        assert_eq!(all(&tiers, ada, containing(), false).await.len(), 0, "cold, not asked for");
        assert_eq!(all(&tiers, ada, containing(), true).await.len(), 1, "cold, asked for");
        let cold = EntryFilter { storage_status: Some(StorageStatus::Cold), ..containing() };
        assert_eq!(all(&tiers, ada, cold, false).await.len(), 1, "the tier is asked for");
    }

    async fn a_row_that_changed_while_its_copy_was_put_stays_a_row(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let one = entry(&store, ada, Status::Success, "one").await;
        entry(&store, ada, Status::Success, "two").await;
        let (changed, elsewhere) = (EntryPatch { title: Some("changed".into()), ..EntryPatch::default() }, store.clone());
        let update = async move { drop(update_work_log(&elsewhere, days(31), ada, one.id, changed).await.unwrap()) };
        let ran = heard_by(once_at(FailPoint::ReadBack, update), run(&tiers, days(31))).await;
        assert_eq!((ran.failed, ran.moved_to_cold), (0, 1), "{ran:?}");
        let by_tier = |entries: Vec<WorkLogEntry>| entries.into_iter().map(|entry| (entry.title, entry.storage_status)).collect::<Vec<_>>();
        let found = by_tier(all(&tiers, ada, EntryFilter::default(), false).await);
        assert_eq!(found, [("two".to_owned(), StorageStatus::Cold), ("changed".to_owned(), StorageStatus::Hot)]);
        run(&tiers, days(31)).await;
        let found = by_tier(all(&tiers, ada, EntryFilter::default(), false).await);
        assert_eq!(found, [("two".to_owned(), StorageStatus::Cold), ("changed".to_owned(), StorageStatus::Cold)]);
    }

    async fn a_run_whose_lease_ran_out_is_shut_out_by_the_next(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        let (other, later) = (tiers.clone(), days(31).plus(660_000));
        let takes_over = async move { assert_eq!(run(&other, later).await.moved_to_cold, 1) };
        let first = trusted(days(31));
        let shut_out = heard_by(once_at(FailPoint::ReadBack, takes_over), run_once(&tiers, first)).await;
        assert!(matches!(shut_out, Err(Error::Superseded)), "{shut_out:?}");
        assert_eq!(all(&tiers, ada, EntryFilter::default(), false).await.len(), 1);
        assert_eq!(objects::of_user(&mut store.read().await.unwrap(), ada, None).await.unwrap().len(), 1);
    }

    async fn a_clock_a_day_off_deletes_nothing_before_its_time_and_one_that_steps_back_nothing_at_all(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        let untrusted = |at| Run::at(Policy::default(), at);
        let last_hour = days(89).plus(HOUR_MS);
        run_once(&tiers, untrusted(last_hour)).await.unwrap();
        let a_day_fast = run_once(&tiers, untrusted(last_hour.plus(25 * HOUR_MS))).await.unwrap();
        assert!(a_day_fast.waiting.is_some() && a_day_fast.deleted == 0, "{a_day_fast:?}");
        for back in [days(88), days(-3_650), NOW] {
            let report = run_once(&tiers, untrusted(back)).await.unwrap();
            assert_eq!((report.deleted, report.busy), (0, false), "{report:?}");
        }
        assert_eq!(all(&tiers, ada, EntryFilter::default(), false).await.len(), 1);
        for hours in 2..24 {
            run_once(&tiers, untrusted(days(89).plus(hours * HOUR_MS))).await.unwrap();
        }
        assert_eq!(run_once(&tiers, untrusted(days(90))).await.unwrap().deleted, 1, "hour by hour it comes to its end");
    }

    async fn a_conversation_is_read_onward_through_all_tiers(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let talk = conversation(&store, ada, "Talk").await;
        let mut ids = Vec::new();
        for age in [0, 0, 1, 1, 35, 35] {
            let made = EntryDraft { conversation_id: Some(talk.id), ..draft(Status::Info, "x") };
            ids.push(create_work_log(&store, days(age), ada, made, Origin::default()).await.unwrap().id);
        }
        run(&tiers, days(36)).await;
        let mut reader = store.read().await.unwrap();
        for (from, limit) in [(0, 9), (1, 2), (1, 4), (3, 9), (5, 9)] {
            let read = reader::earliest(&mut reader, &tiers.archive, ada, talk.id, ids[from], limit).await.unwrap();
            let expected: Vec<_> = ids[from..].iter().copied().take(limit as usize).collect();
            assert_eq!(read.iter().map(|entry| entry.id).collect::<Vec<_>>(), expected, "from {from}, at most {limit}");
        }
    }

    async fn an_account_that_is_erased_leaves_figures_and_nothing_else(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let bob = person(&store, "bob").await;
        for (user, title) in [(ada, "one"), (ada, "two"), (bob, "three")] {
            entry(&store, user, Status::Success, title).await;
        }
        run(&tiers, days(31)).await;
        create_work_log(&store, days(31), ada, draft(Status::Info, "four"), Origin::default()).await.unwrap();
        let receipt = erase::erase_account(&tiers, days(32), ada).await.unwrap();
        assert_eq!((receipt.rows, receipt.archived, receipt.objects, receipt.objects_pending), (1, 2, 1, 0));
        assert_eq!(all(&tiers, bob, EntryFilter::default(), false).await.len(), 1);
        let lines = crate::server::store::stats::since(&mut store.read().await.unwrap(), 0).await.unwrap();
        let of = |tier: &str| lines.iter().filter(|line| line.tier == tier).map(|line| line.entries).sum::<i64>();
        assert_eq!((of("deleted"), of("cold"), of("hot")), (3, 1, 0));
        let again = restore::after_restore(&tiers, days(33)).await.unwrap();
        assert_eq!(again, RestoreReport::default(), "what is gone is not erased twice");
    }
}
