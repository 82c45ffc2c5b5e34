//! A backup that is restored: what was erased since does not come back, and everything else is
//! there once, as it was then.

use super::canaries::{CANARY, Cage};
use crate::{
    domain::{
        EntryDraft, EntryPatch, Status, StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        archive::{Tiers, erase, erasure_log, holds, object, reader},
        base::fail_points::{FailPoint, heard_by},
        retention::{Policy, Run, restore::after_restore, run_once},
        store::{
            Store, heads,
            retention::objects,
            stats,
            work_logs::{self, EntryFilter},
        },
        work_log::{self, Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::{once_at, trusted},
        people::{NOW, conversation, draft, person},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_does_not_bring_back_what_was_erased() {
    let cage = Cage::open().await;
    let store: &Store = &cage.tiers.store;
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
        work_log::erase_entry(&cage.tiers, now, ada, id)
            .await
            .unwrap();
    }
    erase::erase_account(&cage.tiers, now, bob).await.unwrap();

    let tiers = cage.restored_from(&copy).await;
    let again = tiers.store.clone();
    assert_ne!(again.epoch(), store.epoch());
    let restored = after_restore(&tiers, now).await.unwrap();
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
    let found = reader::find(
        again.read().await.unwrap(),
        &tiers.archive,
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
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour, erased) = (
        cage.plant(ada, None).await,
        cage.plant(ada, None).await,
        cage.plant(ada, None).await,
    );
    cage.run(now).await;
    let copy = cage.backup().await;
    update_entry(&cage.tiers, now, ada, changed, warning())
        .await
        .unwrap();
    work_log::erase_entry(&cage.tiers, now, ada, erased)
        .await
        .unwrap();
    // it stays a row, for rows are to become older by now
    let policy = Policy {
        hot_days: 60,
        warm_days: 70,
        cold_days: 90,
    };
    run_once(
        &cage.tiers,
        Run {
            trust_clock: true,
            ..Run::at(policy, now)
        },
    )
    .await
    .unwrap();

    let tiers = cage.restored_from(&copy).await;
    after_restore(&tiers, now).await.unwrap();
    let mut there = Vec::new();
    for id in [changed, neighbour, erased] {
        there.push(
            reader::find(tiers.store.read().await.unwrap(), &tiers.archive, ada, id)
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
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let rewritten = cage.plant(ada, None).await;
    cage.run(now).await;
    let row = cage.plant(ada, None).await;
    let copy = cage.backup().await;
    let unknown = cage.plant(ada, None).await;
    cage.run(now).await;
    work_log::erase_entry(&cage.tiers, now, ada, rewritten)
        .await
        .unwrap();

    let tiers = cage.restored_from(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (1, 1));
    // leaves an object of the row alone, such as it becomes when it is moved
    work_log::erase_entry(&tiers, now, ada, unknown)
        .await
        .unwrap();
    let report = run_once(&tiers, trusted(now)).await.unwrap();
    assert_eq!((report.moved_to_cold, report.failed), (1, 0), "{report:?}");
    let found = reader::find(tiers.store.read().await.unwrap(), &tiers.archive, ada, row)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.storage_status, StorageStatus::Cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_list_of_erasures_is_written_anew_before_a_backup_is_restored() {
    let cage = Cage::open().await;
    let store = &cage.tiers.store;
    let ada = person(store, "ada").await;
    let planted = [cage.plant(ada, None).await, cage.plant(ada, None).await];
    let copy = cage.backup().await;
    for id in planted {
        work_log::erase_entry(&cage.tiers, NOW, ada, id)
            .await
            .unwrap();
        erasure_log::mirror(&cage.tiers, NOW).await.unwrap();
    }
    let tiers = cage.restored_from(&copy).await;
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
            after_restore(&tiers, NOW).await.is_err(),
            "nobody knows what the list said before {left:?} was left of it"
        );
    }
    std::fs::write(list.join("put-in-vain.ndjson"), "\u{fffd}").unwrap();
    assert_eq!(erasure_log::mend(&cage.tiers, NOW).await.unwrap(), 2);
    assert_eq!(erasure_log::mend(&cage.tiers, NOW).await.unwrap(), 0);
    assert_eq!(after_restore(&tiers, NOW).await.unwrap().erased, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_an_object_of_the_backup_and_in_a_newer_one_is_there_once_after_a_restore() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour) = (cage.plant(ada, None).await, cage.plant(ada, None).await);
    cage.run(now).await;
    let erased = cage.plant(ada, None).await;
    cage.run(now).await;
    let copy = cage.backup().await;
    update_entry(&cage.tiers, now, ada, changed, warning())
        .await
        .unwrap();
    work_log::erase_entry(&cage.tiers, now, ada, erased)
        .await
        .unwrap();
    cage.run(now).await;

    let tiers = cage.restored_from(&copy).await;
    after_restore(&tiers, now).await.unwrap();
    let reader = &mut tiers.store.read().await.unwrap();
    let listed = reader::list(
        reader,
        &tiers.archive,
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
        [(changed, Status::Warning), (neighbour, Status::Success)],
        "the highest revision counts"
    );
}

/// A person's entries after a restore, by title, with their tiers. The totals say the same.
async fn there(tiers: &Tiers, user: UserId) -> Vec<(String, StorageStatus)> {
    let reader = &mut tiers.store.read().await.unwrap();
    let filter = EntryFilter::default();
    let listed = reader::list(reader, &tiers.archive, user, (&filter, false), None, 100);
    let mut there: Vec<_> = listed
        .await
        .unwrap()
        .into_iter()
        .map(|entry| (entry.title, entry.storage_status))
        .collect();
    there.sort_by(|one, other| one.0.cmp(&other.0));
    let lines = stats::since(reader, 0).await.unwrap();
    for tier in StorageStatus::ALL {
        let counted = lines.iter().filter(|line| line.tier == tier.as_str());
        let entries = there.iter().filter(|(_, of)| of == tier).count();
        assert_eq!(
            counted.map(|line| line.entries).sum::<i64>(),
            entries as i64,
            "{tier}"
        );
    }
    there
}

fn cold(titles: &[&str]) -> Vec<(String, StorageStatus)> {
    let cold = |title: &&str| ((*title).to_owned(), StorageStatus::Cold);
    titles.iter().map(cold).collect()
}

async fn made(
    store: &Store,
    at: Timestamp,
    user: UserId,
    place: Option<ConversationId>,
    title: &str,
) -> EntryId {
    let draft = EntryDraft {
        conversation_id: place,
        ..draft(Status::Info, title)
    };
    create_work_log(store, at, user, draft, Origin::default())
        .await
        .unwrap()
        .id
}

fn warning() -> EntryPatch {
    EntryPatch {
        status: Some(Status::Warning),
        ..EntryPatch::default()
    }
}

fn titled(title: &str) -> EntryPatch {
    EntryPatch {
        title: Some(title.to_owned()),
        ..EntryPatch::default()
    }
}

/// The names of a person's objects that are in use.
async fn objects_of(tiers: &Tiers, user: UserId) -> Vec<String> {
    let reader = &mut tiers.store.read().await.unwrap();
    let manifests = objects::of_user(reader, user, None).await.unwrap();
    manifests.into_iter().map(|manifest| manifest.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_backup_gives_way_to_a_higher_revision_in_the_archive_and_to_no_other() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let id = made(store, NOW, ada, None, "as it was").await;
    made(store, NOW, ada, None, "neighbour").await;
    let copy = cage.backup().await;
    update_entry(&cage.tiers, NOW, ada, id, titled("as it became"))
        .await
        .unwrap();
    cage.run(now).await;

    let tiers = cage.restored_from(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 1));
    let neighbour = ("neighbour".to_owned(), StorageStatus::Hot);
    let became = [cold(&["as it became"]), vec![neighbour.clone()]].concat();
    assert_eq!(there(&tiers, ada).await, became);
    let changed = update_entry(&tiers, now, ada, id, titled("changed since"));
    changed.await.unwrap();
    let again = after_restore(&tiers, now).await.unwrap();
    assert_eq!((again.missing, again.adopted), (0, 0));
    let row = ("changed since".to_owned(), StorageStatus::Hot);
    assert_eq!(there(&tiers, ada).await, [row, neighbour]);
    run_once(&tiers, trusted(now)).await.unwrap();
    assert_eq!(
        there(&tiers, ada).await,
        cold(&["changed since", "neighbour"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_found_in_another_state_is_not_counted_as_deleted() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let id = made(store, NOW, ada, None, "entry").await;
    let copy = cage.backup().await;
    update_entry(&cage.tiers, NOW, ada, id, warning())
        .await
        .unwrap();
    cage.run(now).await;

    let tiers = cage.restored_from(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 1));
    let sql = "select tier, status, entries from work_log_stats where entries <> 0";
    let counted: Vec<(String, String, i64)> = sqlx::query_as(sql)
        .fetch_all(&mut *tiers.store.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(counted, [("cold".into(), "warning".into(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_of_the_backup_stays_one_beside_an_object_that_it_does_not_name() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    made(store, NOW, ada, None, "a").await;
    let row = made(store, NOW, ada, None, "as it was").await;
    cage.run(now).await;
    update_entry(&cage.tiers, now, ada, row, titled("row"))
        .await
        .unwrap();
    let copy = cage.backup().await;
    made(store, NOW, ada, None, "since").await;
    cage.run(now).await;

    let tiers = cage.restored_from(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 1));
    let row = ("row".to_owned(), StorageStatus::Hot);
    let expected = [cold(&["a"]), vec![row], cold(&["since"])].concat();
    assert_eq!(there(&tiers, ada).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_object_replaces_is_not_read_again_though_it_is_there() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let archive = &cage.tiers.archive;
    let ada = person(store, "ada").await;
    made(store, NOW, ada, None, "stays").await;
    let erased = made(store, NOW, ada, None, "erased").await;
    cage.run(now).await;
    let copy = cage.backup().await;
    let key = objects_of(&cage.tiers, ada).await.remove(0);
    let bytes = archive.get(&key).await.unwrap();
    work_log::erase_entry(&cage.tiers, now, ada, erased)
        .await
        .unwrap();
    // the object could not be deleted, nor the list written, before the database was lost
    archive.create(&key, bytes.to_vec()).await.unwrap();
    std::fs::remove_dir_all(cage.folder.path().join("erased")).unwrap();

    let tiers = cage.restored_from(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (1, 1));
    assert_eq!(there(&tiers, ada).await, cold(&["stays"]));
    assert!(archive.get(&key).await.is_err(), "it is deleted again");
    let again = after_restore(&tiers, now).await.unwrap();
    assert_eq!((again.missing, again.adopted), (0, 0));
    assert_eq!(there(&tiers, ada).await, cold(&["stays"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_rewritten_because_entries_expired_replaces_none() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let archive = &cage.tiers.archive;
    let ada = person(store, "ada").await;
    made(store, NOW, ada, None, "expires").await;
    made(store, NOW.plus(6 * HOUR_MS), ada, None, "stays").await;
    cage.run(now).await;
    let hold = holds::place_hold(&cage.tiers, now, ada, (ada, None), "a test")
        .await
        .unwrap();
    let copy = cage.backup().await;
    let key = objects_of(&cage.tiers, ada).await.remove(0);
    let bytes = archive.get(&key).await.unwrap();
    holds::release_hold(&cage.tiers, now, &hold).await.unwrap();
    let later = NOW.plus(90 * DAY_MS + HOUR_MS);
    cage.run(later).await;
    assert!(!objects_of(&cage.tiers, ada).await.contains(&key));
    archive.create(&key, bytes.to_vec()).await.unwrap();

    let tiers = cage.restored_from(&copy).await;
    after_restore(&tiers, later).await.unwrap();
    assert_eq!(there(&tiers, ada).await, cold(&["expires", "stays"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_was_being_rewritten_while_the_backup_was_made_is_read_as_it_became() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    made(store, NOW, ada, None, "stays").await;
    let erased = made(store, NOW, ada, None, "erased").await;
    cage.run(now).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (copy, copied) = (elsewhere.path().join("copy.db"), store.clone());
    let file = copy.to_str().unwrap().to_owned();
    let back_up = async move { copied.backup(&file).await.unwrap() };
    let erase = work_log::erase_entry(&cage.tiers, now, ada, erased);
    heard_by(once_at(FailPoint::ReadBack, back_up), erase)
        .await
        .unwrap();

    let tiers = cage.restored_from(&copy).await;
    after_restore(&tiers, now).await.unwrap();
    assert_eq!(there(&tiers, ada).await, cold(&["stays"]));
    tiers.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_came_to_nothing_replaces_none() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let archive = &cage.tiers.archive;
    let ada = person(store, "ada").await;
    for title in ["one", "two"] {
        made(store, NOW, ada, None, title).await;
    }
    cage.run(now).await;
    let reader = &mut store.read().await.unwrap();
    let old = objects::of_user(reader, ada, None).await.unwrap().remove(0);
    let entries = archive.entries_once(&old.key, &old.sha256).await.unwrap();
    let group = object::ObjectGroup {
        user_id: ada,
        conversation_id: None,
        day: NOW.day(),
    };
    let new = object::encode(group, &entries[..1], Some(old.key.clone())).unwrap();
    archive.create(&new.key, new.bytes).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(
        objects::doom_unlisted(&mut tx, ada, &new.key, now)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let tiers = cage.restored_from(&cage.backup().await).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 0));
    assert_eq!(there(&tiers, ada).await, cold(&["one", "two"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_archived_since_the_backup_is_there_where_its_conversation_is() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let known = conversation(store, ada, "Known").await.id;
    let copy = cage.backup().await;
    let unknown = conversation(store, ada, "Unknown").await.id;
    for (place, title) in [
        (None, "alone"),
        (Some(known), "known"),
        (Some(unknown), "x"),
    ] {
        made(store, NOW, ada, place, title).await;
    }
    cage.run(now).await;

    let tiers = cage.restored_from(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 2));
    assert_eq!(there(&tiers, ada).await, cold(&["alone", "known"]));
    let fresh = made(&tiers.store, now, ada, None, "fresh").await;
    let reader = &mut tiers.store.read().await.unwrap();
    let head = heads::of(reader, ada).await.unwrap().head;
    let entry = work_logs::find(reader, ada, fresh).await.unwrap().unwrap();
    assert!(
        entry.rev == head && head > 3,
        "whatever comes is newer than what the archive has: {head}"
    );
}
