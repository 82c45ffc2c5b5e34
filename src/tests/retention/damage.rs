//! Objects that are not whole: told and never shown, and no hindrance to what lies beside them.

use crate::{
    domain::{
        EntryDraft, EntryPatch, Status,
        ids::UserId,
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        archive::{Tiers, reader},
        base::{clock::Clock, error::Error},
        retention::{damage, dry_run::dry_run},
        store::{
            Store,
            retention::{damage as noted, manifest::Manifest, objects},
            work_logs::EntryFilter,
        },
        work_log::{Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::{run, tiers, trusted},
        databases::on_both_databases,
        people::{NOW, conversation, draft, entry, person},
    },
};

const fn days(days: i64) -> Timestamp {
    NOW.plus(days * DAY_MS)
}

async fn object(store: &Store, user: UserId) -> Manifest {
    objects::of_user(&mut store.read().await.unwrap(), user, None)
        .await
        .unwrap()
        .remove(0)
}

async fn spoil(tiers: &Tiers, key: &str) {
    let mut bytes = tiers.archive.get(key).await.unwrap().to_vec();
    bytes[20] ^= 1;
    tiers.archive.replace(key, bytes).await.unwrap();
}

on_both_databases! {
    async fn a_list_that_must_be_whole_fails_over_a_damaged_object(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        spoil(&tiers, &object(&store, ada).await.key).await;
        let read = reader::list(&mut store.read().await.unwrap(), &tiers.archive, ada, (&EntryFilter::default(), false), None, 9).await;
        assert!(matches!(read, Err(Error::Archive(_))), "{read:?}");
    }

    async fn a_damaged_object_is_neither_rewritten_nor_deleted(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let one = entry(&store, ada, Status::Success, "one").await;
        entry(&store, ada, Status::Success, "two").await;
        run(&tiers, days(31)).await;
        let manifest = object(&store, ada).await;
        let changed = EntryPatch { title: Some("changed".into()), ..EntryPatch::default() };
        update_entry(&tiers, days(31), ada, one.id, changed).await.unwrap();
        // it is moved anew, so that the next run is to rewrite the old object
        run(&tiers, days(31)).await;
        spoil(&tiers, &manifest.key).await;
        let report = run(&tiers, days(31)).await;
        assert_eq!((report.failed, report.objects_written, report.objects_deleted), (1, 0, 0), "{report:?}");
        assert!(objects::find(&mut store.read().await.unwrap(), ada, &manifest.key).await.unwrap().is_some());
    }

    async fn an_entry_is_found_beside_a_damaged_object_that_reaches_over_it(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let (whole, damaged) = (conversation(&store, ada, "Whole").await.id, conversation(&store, ada, "Damaged").await.id);
        let mut made = Vec::new();
        for place in [damaged, whole, damaged] {
            let inside = EntryDraft { conversation_id: Some(place), ..draft(Status::Success, "x") };
            made.push(create_work_log(&store, NOW, ada, inside, Origin::default()).await.unwrap().id);
        }
        run(&tiers, days(31)).await;
        let object = objects::of_user(&mut store.read().await.unwrap(), ada, Some(damaged)).await.unwrap().remove(0);
        spoil(&tiers, &object.key).await;
        let keep = EntryPatch { kept: Some(true), ..EntryPatch::default() };
        let kept = update_entry(&tiers, days(31), ada, made[1], keep.clone()).await.unwrap();
        assert_eq!(kept.expires_at, None);
        let lost = update_entry(&tiers, days(31), ada, made[0], keep).await;
        assert!(matches!(&lost, Err(Error::Archive(why)) if !why.told().1), "nobody is told to try again: {lost:?}");
    }

    async fn a_dry_run_tells_of_a_damaged_object_and_goes_on(store: Store) {
        let (tiers, ada, bob) = (tiers(&store), person(&store, "ada").await, person(&store, "bob").await);
        for (user, hours) in [(ada, 0), (ada, 6), (bob, 0)] {
            create_work_log(&store, NOW.plus(hours * HOUR_MS), user, draft(Status::Success, "x"), Origin::default()).await.unwrap();
        }
        run(&tiers, days(31)).await;
        spoil(&tiers, &object(&store, ada).await.key).await;
        let planned = trusted(days(90));
        let rehearsed = dry_run(&tiers, planned).await.unwrap();
        let report = &rehearsed.report;
        assert_eq!((rehearsed.plan.steps.len(), report.deleted, report.failed), (2, 1, 1), "{report:?}");
    }

    async fn an_object_of_which_there_is_no_copy_is_given_up(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        let key = object(&store, ada).await.key;
        let refused = damage::give_up(&tiers, days(31), &key).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "it is whole: {refused:?}");
        spoil(&tiers, &key).await;
        assert_eq!(damage::give_up(&tiers, days(31), &key).await.unwrap(), 1);
        let mut reader = store.read().await.unwrap();
        assert_eq!(noted::count(&mut reader).await.unwrap(), 0);
        let left = reader::list(&mut reader, &tiers.archive, ada, (&EntryFilter::default(), false), None, 9).await;
        assert_eq!(left.unwrap(), [], "a list is whole again");
        drop(reader);
        let report = run(&tiers, days(32)).await;
        assert_eq!((report.failed, report.deleted), (0, 0), "{report:?}");
        assert!(tiers.archive.get(&key).await.is_err(), "what was left of it is gone");
    }

    async fn what_a_reader_finds_damaged_is_written_down_beside_the_reading(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        let manifest = objects::of_user(&mut store.read().await.unwrap(), ada, None).await.unwrap().remove(0);
        let whole = tiers.archive.get(&manifest.key).await.unwrap().to_vec();
        let task = tokio::spawn(damage::keep_written(tiers.clone(), Clock::at(days(32))));
        for (bytes, damaged) in [(whole[..9].to_vec(), 1), (whole, 0)] {
            tiers.archive.replace(&manifest.key, bytes).await.unwrap();
            let reader = store.read().await.unwrap();
            let read = reader::find(reader, &tiers.archive, ada, manifest.ids.0).await;
            assert_eq!(read.is_err(), damaged == 1);
            while noted::count(&mut store.read().await.unwrap()).await.unwrap() != damaged {
                tokio::task::yield_now().await;
            }
        }
        task.abort();
    }
}
