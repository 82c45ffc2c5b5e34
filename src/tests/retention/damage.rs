//! Damaged objects are reported, never shown, and do not affect other objects.

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
            retention::{damage as damage_records, manifest::Manifest, objects},
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

async fn damage_object(tiers: &Tiers, key: &str) {
    let mut bytes = tiers.archive.get(key).await.unwrap().to_vec();
    bytes[20] ^= 1;
    tiers.archive.replace(key, bytes).await.unwrap();
}

on_both_databases! {
    async fn a_complete_list_fails_if_an_object_is_damaged(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        damage_object(&tiers, &object(&store, ada).await.key).await;
        let read = reader::list(
            &mut store.read().await.unwrap(),
            &tiers.archive,
            ada,
            (&EntryFilter::default(), false),
            None,
            9,
        )
        .await;
        assert!(matches!(read, Err(Error::Archive(_))), "{read:?}");
    }

    async fn a_damaged_object_is_neither_rewritten_nor_deleted(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let one = entry(&store, ada, Status::Success, "one").await;
        entry(&store, ada, Status::Success, "two").await;
        run(&tiers, days(31)).await;
        let manifest = object(&store, ada).await;
        let changed = EntryPatch {
            title: Some("changed".into()),
            ..EntryPatch::default()
        };
        update_entry(&tiers, days(31), ada, one.id, changed)
            .await
            .unwrap();
        // archives the changed entry again, so that the next run would rewrite the old object
        run(&tiers, days(31)).await;
        damage_object(&tiers, &manifest.key).await;
        let report = run(&tiers, days(31)).await;
        assert_eq!(
            (
                report.failed,
                report.objects_written,
                report.objects_deleted
            ),
            (1, 0, 0),
            "{report:?}"
        );
        assert!(
            objects::find(&mut store.read().await.unwrap(), ada, &manifest.key)
                .await
                .unwrap()
                .is_some()
        );
    }

    async fn an_entry_is_found_despite_a_damaged_object_with_an_overlapping_range(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let intact = conversation(&store, ada, "Intact").await.id;
        let damaged = conversation(&store, ada, "Damaged").await.id;
        let mut created = Vec::new();
        for conversation_id in [damaged, intact, damaged] {
            let inside = EntryDraft {
                conversation_id: Some(conversation_id),
                ..draft(Status::Success, "x")
            };
            created.push(
                create_work_log(&store, NOW, ada, inside, Origin::default())
                    .await
                    .unwrap()
                    .id,
            );
        }
        run(&tiers, days(31)).await;
        let object = objects::of_user(&mut store.read().await.unwrap(), ada, Some(damaged))
            .await
            .unwrap()
            .remove(0);
        damage_object(&tiers, &object.key).await;
        let keep = EntryPatch {
            kept: Some(true),
            ..EntryPatch::default()
        };
        let kept = update_entry(&tiers, days(31), ada, created[1], keep.clone())
            .await
            .unwrap();
        assert_eq!(kept.expires_at, None);
        let lost = update_entry(&tiers, days(31), ada, created[0], keep).await;
        assert!(
            matches!(&lost, Err(Error::Archive(why)) if !why.user_message().1),
            "the error must not suggest a retry: {lost:?}"
        );
    }

    async fn a_dry_run_reports_a_damaged_object_and_continues(store: Store) {
        let (tiers, ada, bob) = (
            tiers(&store),
            person(&store, "ada").await,
            person(&store, "bob").await,
        );
        for (user, hours) in [(ada, 0), (ada, 6), (bob, 0)] {
            create_work_log(
                &store,
                NOW.plus(hours * HOUR_MS),
                user,
                draft(Status::Success, "x"),
                Origin::default(),
            )
            .await
            .unwrap();
        }
        run(&tiers, days(31)).await;
        damage_object(&tiers, &object(&store, ada).await.key).await;
        let run_at = trusted(days(90));
        let dry = dry_run(&tiers, run_at).await.unwrap();
        let report = &dry.report;
        assert_eq!(
            (dry.plan.steps.len(), report.deleted, report.failed),
            (2, 1, 1),
            "{report:?}"
        );
    }

    async fn a_damaged_object_without_a_copy_can_be_given_up(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        let key = object(&store, ada).await.key;
        let refused = damage::abandon(&tiers, days(31), &key).await;
        assert!(
            matches!(refused, Err(Error::Conflict(_))),
            "the object is intact: {refused:?}"
        );
        damage_object(&tiers, &key).await;
        assert_eq!(damage::abandon(&tiers, days(31), &key).await.unwrap(), 1);
        let mut reader = store.read().await.unwrap();
        assert_eq!(damage_records::count(&mut reader).await.unwrap(), 0);
        let remaining = reader::list(
            &mut reader,
            &tiers.archive,
            ada,
            (&EntryFilter::default(), false),
            None,
            9,
        )
        .await;
        assert_eq!(remaining.unwrap(), [], "the list is complete again");
        drop(reader);
        let report = run(&tiers, days(32)).await;
        assert_eq!((report.failed, report.deleted), (0, 0), "{report:?}");
        assert!(
            tiers.archive.get(&key).await.is_err(),
            "the damaged object should be deleted"
        );
    }

    async fn damage_found_by_a_reader_is_recorded_in_the_background(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        entry(&store, ada, Status::Success, "one").await;
        run(&tiers, days(31)).await;
        let manifest = objects::of_user(&mut store.read().await.unwrap(), ada, None)
            .await
            .unwrap()
            .remove(0);
        let intact = tiers.archive.get(&manifest.key).await.unwrap().to_vec();
        let task = tokio::spawn(damage::record_forever(tiers.clone(), Clock::at(days(32))));
        for (bytes, damaged) in [(intact[..9].to_vec(), 1), (intact, 0)] {
            tiers.archive.replace(&manifest.key, bytes).await.unwrap();
            let reader = store.read().await.unwrap();
            let read = reader::find(reader, &tiers.archive, ada, manifest.ids.0).await;
            assert_eq!(read.is_err(), damaged == 1);
            while damage_records::count(&mut store.read().await.unwrap())
                .await
                .unwrap()
                != damaged
            {
                tokio::task::yield_now().await;
            }
        }
        task.abort();
    }
}
