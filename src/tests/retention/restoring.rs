//! A backup that is restored: what was erased since does not come back, and everything else is there once, as it was then.

use super::canaries::{CANARY, Cage};
use crate::{
    server::{
        archive::reading,
        retention::{
            Policy, Run, changing::update_anywhere, erased, erasing, restoring::after_restore,
            run_once,
        },
        store::{Store, work_logs::EntryFilter},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        archives::trusted,
        people::{NOW, draft, person},
    },
    timestamp::DAY_MS,
    work_log::{EntryPatch, Status, StorageStatus},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_does_not_bring_back_what_was_erased() {
    let cage = Cage::open().await;
    let store: &Store = &cage.retention.store;
    let now = NOW.plus(45 * DAY_MS);
    let (ada, bob) = (person(store, "ada").await, person(store, "bob").await);
    let old = cage.plant(ada, None).await;
    let innocent = create_work_log(
        store,
        NOW,
        ada,
        draft(Status::Info, "innocent"),
        Origin::default(),
    )
    .await
    .unwrap();
    cage.run(now).await;
    let fresh = cage.plant(ada, None).await;
    cage.plant(bob, None).await;
    let copy = cage.backup().await;
    for id in [old, fresh] {
        erasing::erase_entry(&cage.retention, now, ada, id)
            .await
            .unwrap();
    }
    erasing::erase_account(&cage.retention, now, bob)
        .await
        .unwrap();

    let retention = cage.restored_from(&copy).await;
    let again = retention.store.clone();
    assert_ne!(again.epoch(), store.epoch());
    let restored = after_restore(&retention, now).await.unwrap();
    assert_eq!(
        (restored.erased, restored.missing, restored.adopted),
        (2, 1, 1),
        "the object was rewritten since the backup"
    );
    again.shrink().await.unwrap();
    let left: Vec<u8> = ["", "-wal"]
        .iter()
        .filter_map(|ending| std::fs::read(format!("{}{ending}", copy.display())).ok())
        .flatten()
        .collect();
    assert!(
        !left
            .windows(CANARY.len())
            .any(|part| part == CANARY.as_bytes())
    );
    let found = reading::find(
        again.read().await.unwrap(),
        &retention.archive,
        ada,
        innocent.id,
    )
    .await
    .unwrap();
    assert_eq!(
        found.unwrap().title,
        "innocent",
        "what was not erased is there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_has_what_became_a_row_again_since() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.retention.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour, erased) = (
        cage.plant(ada, None).await,
        cage.plant(ada, None).await,
        cage.plant(ada, None).await,
    );
    cage.run(now).await;
    let copy = cage.backup().await;
    let patch = EntryPatch {
        status: Some(Status::Warning),
        ..EntryPatch::default()
    };
    update_anywhere(&cage.retention, now, ada, changed, patch)
        .await
        .unwrap();
    erasing::erase_entry(&cage.retention, now, ada, erased)
        .await
        .unwrap();
    // it stays a row, for rows are to become older by now
    let policy = Policy {
        hot_days: 60,
        warm_days: 70,
        cold_days: 90,
    };
    run_once(
        &cage.retention,
        Run {
            trust_clock: true,
            ..Run::at(policy, now)
        },
    )
    .await
    .unwrap();

    let retention = cage.restored_from(&copy).await;
    after_restore(&retention, now).await.unwrap();
    let mut there = Vec::new();
    for id in [changed, neighbour, erased] {
        there.push(
            reading::find(
                retention.store.read().await.unwrap(),
                &retention.archive,
                ada,
                id,
            )
            .await
            .unwrap()
            .map(|entry| entry.status),
        );
    }
    assert_eq!(
        there,
        [Some(Status::Success), Some(Status::Success), None],
        "the change is lost with the database, and nothing else"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restored_backup_has_as_a_row_and_the_archive_as_an_object_is_moved_there_again() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.retention.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let rewritten = cage.plant(ada, None).await;
    cage.run(now).await;
    let row = cage.plant(ada, None).await;
    let copy = cage.backup().await;
    let unknown = cage.plant(ada, None).await;
    cage.run(now).await;
    erasing::erase_entry(&cage.retention, now, ada, rewritten)
        .await
        .unwrap();

    let retention = cage.restored_from(&copy).await;
    let restored = after_restore(&retention, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (1, 1));
    // leaves an object of the row alone, such as it becomes when it is moved
    erasing::erase_entry(&retention, now, ada, unknown)
        .await
        .unwrap();
    let report = run_once(&retention, trusted(now)).await.unwrap();
    assert_eq!((report.moved_to_cold, report.failed), (1, 0), "{report:?}");
    let found = reading::find(
        retention.store.read().await.unwrap(),
        &retention.archive,
        ada,
        row,
    )
    .await
    .unwrap()
    .unwrap();
    assert_eq!(found.storage_status, StorageStatus::Cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_list_of_erasures_is_written_anew_before_a_backup_is_restored() {
    let cage = Cage::open().await;
    let store = &cage.retention.store;
    let ada = person(store, "ada").await;
    let planted = [cage.plant(ada, None).await, cage.plant(ada, None).await];
    let copy = cage.backup().await;
    for id in planted {
        erasing::erase_entry(&cage.retention, NOW, ada, id)
            .await
            .unwrap();
        erased::mirror(&cage.retention, NOW).await.unwrap();
    }
    let retention = cage.restored_from(&copy).await;
    let list = cage.folder.path().join("erased/v1");
    let spoiled = std::fs::read_dir(&list)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for left in ["{\"kind\": \"ent", "", "\u{fffd}"] {
        std::fs::write(&spoiled, left).unwrap();
        assert!(
            after_restore(&retention, NOW).await.is_err(),
            "nobody knows what the list said before {left:?} was left of it"
        );
    }
    std::fs::write(list.join("put-in-vain.ndjson"), "\u{fffd}").unwrap();
    assert_eq!(erased::mend(&cage.retention, NOW).await.unwrap(), 2);
    assert_eq!(erased::mend(&cage.retention, NOW).await.unwrap(), 0);
    assert_eq!(after_restore(&retention, NOW).await.unwrap().erased, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_an_object_of_the_backup_and_in_a_newer_one_is_there_once_after_a_restore() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.retention.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour) = (cage.plant(ada, None).await, cage.plant(ada, None).await);
    cage.run(now).await;
    let erased = cage.plant(ada, None).await;
    cage.run(now).await;
    let copy = cage.backup().await;
    let patch = EntryPatch {
        status: Some(Status::Warning),
        ..EntryPatch::default()
    };
    update_anywhere(&cage.retention, now, ada, changed, patch)
        .await
        .unwrap();
    erasing::erase_entry(&cage.retention, now, ada, erased)
        .await
        .unwrap();
    cage.run(now).await;

    let retention = cage.restored_from(&copy).await;
    after_restore(&retention, now).await.unwrap();
    let reader = &mut retention.store.read().await.unwrap();
    let listed = reading::list(
        reader,
        &retention.archive,
        ada,
        (&EntryFilter::default(), false),
        None,
        100,
    )
    .await
    .unwrap();
    let mut listed: Vec<_> = listed
        .into_iter()
        .map(|entry| (entry.id, entry.status))
        .collect();
    listed.sort_by_key(|(id, _)| *id);
    assert_eq!(
        listed,
        [(changed, Status::Success), (neighbour, Status::Success)]
    );
}
