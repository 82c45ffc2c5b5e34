//! Restoring a backup: entries erased since then stay erased, and every other entry exists once, as
//! it was in the backup or newer.

use super::canaries::{CANARY, CanaryEnv};
use crate::{
    domain::{
        EntryDraft, EntryPatch, Status, StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        archive::{Tiers, erase, erasure_log, holds, object, reader},
        base::fail_points::{FailPoint, with_hook},
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
async fn a_restored_backup_brings_back_no_erased_entry() {
    let env = CanaryEnv::open().await;
    let store: &Store = &env.tiers.store;
    let now = NOW.plus(45 * DAY_MS);
    let (ada, bob) = (person(store, "ada").await, person(store, "bob").await);
    let old = env.plant(ada, None).await;
    let innocent = create_work_log(
        store,
        NOW,
        ada,
        draft(Status::Info, "innocent"),
        Origin::default(),
    )
    .await
    .unwrap();
    env.run(now).await;
    let fresh = env.plant(ada, None).await;
    env.plant(bob, None).await;
    let copy = env.backup().await;
    for id in [old, fresh] {
        work_log::delete_entry_keeping_files(&env.tiers, now, ada, id)
            .await
            .unwrap();
    }
    erase::erase_account(&env.tiers, now, bob).await.unwrap();

    let tiers = env.restore_copy(&copy).await;
    let restored_store = tiers.store.clone();
    assert_ne!(restored_store.epoch(), store.epoch());
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!(
        (restored.erased, restored.missing, restored.adopted),
        (2, 1, 1),
        "the object was rewritten since the backup"
    );
    restored_store.vacuum().await.unwrap();
    let remaining: Vec<u8> = ["", "-wal"]
        .iter()
        .filter_map(|ending| std::fs::read(format!("{}{ending}", copy.display())).ok())
        .flatten()
        .collect();
    assert!(
        !remaining
            .windows(CANARY.len())
            .any(|part| part == CANARY.as_bytes())
    );
    let found = reader::find(
        restored_store.read().await.unwrap(),
        &tiers.archive,
        ada,
        innocent.id,
    )
    .await
    .unwrap();
    assert_eq!(
        found.unwrap().title,
        "innocent",
        "an entry that was not erased is lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_keeps_entries_that_left_the_archive_since_the_backup() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour, erased) = (
        env.plant(ada, None).await,
        env.plant(ada, None).await,
        env.plant(ada, None).await,
    );
    env.run(now).await;
    let copy = env.backup().await;
    update_entry(&env.tiers, now, ada, changed, set_warning())
        .await
        .unwrap();
    work_log::delete_entry_keeping_files(&env.tiers, now, ada, erased)
        .await
        .unwrap();
    // with this policy the changed entry stays a row
    let policy = Policy {
        hot_days: 60,
        warm_days: 70,
        cold_days: 90,
    };
    run_once(
        &env.tiers,
        Run {
            trust_clock: true,
            ..Run::at(policy, now)
        },
    )
    .await
    .unwrap();

    let tiers = env.restore_copy(&copy).await;
    after_restore(&tiers, now).await.unwrap();
    let mut statuses = Vec::new();
    for id in [changed, neighbour, erased] {
        statuses.push(
            reader::find(tiers.store.read().await.unwrap(), &tiers.archive, ada, id)
                .await
                .unwrap()
                .map(|entry| entry.status),
        );
    }
    assert_eq!(
        statuses,
        [Some(Status::Success), Some(Status::Success), None],
        "only the change is lost with the database"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_row_that_is_also_in_the_archive_is_archived_again() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let rewritten = env.plant(ada, None).await;
    env.run(now).await;
    let row = env.plant(ada, None).await;
    let copy = env.backup().await;
    let unknown = env.plant(ada, None).await;
    env.run(now).await;
    work_log::delete_entry_keeping_files(&env.tiers, now, ada, rewritten)
        .await
        .unwrap();

    let tiers = env.restore_copy(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (1, 1));
    // leaves an object with the row only, the same that archiving the row creates
    work_log::delete_entry_keeping_files(&tiers, now, ada, unknown)
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
async fn a_damaged_erasure_log_must_be_repaired_before_a_restore() {
    let env = CanaryEnv::open().await;
    let store = &env.tiers.store;
    let ada = person(store, "ada").await;
    let planted = [env.plant(ada, None).await, env.plant(ada, None).await];
    let copy = env.backup().await;
    for id in planted {
        work_log::delete_entry_keeping_files(&env.tiers, NOW, ada, id)
            .await
            .unwrap();
        erasure_log::sync(&env.tiers, NOW).await.unwrap();
    }
    let tiers = env.restore_copy(&copy).await;
    let log = env.folder.path().join("erased/v1");
    let damaged = std::fs::read_dir(&log)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for content in ["{\"kind\": \"ent", "", "\u{fffd}"] {
        std::fs::write(&damaged, content).unwrap();
        assert!(
            after_restore(&tiers, NOW).await.is_err(),
            "the restore accepts a damaged erasure log: {content:?}"
        );
    }
    std::fs::write(log.join("incomplete.ndjson"), "\u{fffd}").unwrap();
    assert_eq!(erasure_log::repair(&env.tiers, NOW).await.unwrap(), 2);
    assert_eq!(erasure_log::repair(&env.tiers, NOW).await.unwrap(), 0);
    assert_eq!(after_restore(&tiers, NOW).await.unwrap().erased, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_in_an_old_and_a_new_object_is_restored_once() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour) = (env.plant(ada, None).await, env.plant(ada, None).await);
    env.run(now).await;
    let erased = env.plant(ada, None).await;
    env.run(now).await;
    let copy = env.backup().await;
    update_entry(&env.tiers, now, ada, changed, set_warning())
        .await
        .unwrap();
    work_log::delete_entry_keeping_files(&env.tiers, now, ada, erased)
        .await
        .unwrap();
    env.run(now).await;

    let tiers = env.restore_copy(&copy).await;
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
        "the highest revision wins"
    );
}

/// Titles and tiers of a user's entries, by title. Checks the totals against them.
async fn titles_and_tiers(tiers: &Tiers, user: UserId) -> Vec<(String, StorageStatus)> {
    let reader = &mut tiers.store.read().await.unwrap();
    let filter = EntryFilter::default();
    let entries = reader::list(reader, &tiers.archive, user, (&filter, false), None, 100);
    let mut listed_tiers: Vec<_> = entries
        .await
        .unwrap()
        .into_iter()
        .map(|entry| (entry.title, entry.storage_status))
        .collect();
    listed_tiers.sort_by(|one, other| one.0.cmp(&other.0));
    let lines = stats::since(reader, 0).await.unwrap();
    for tier in StorageStatus::ALL {
        let counted = lines.iter().filter(|line| line.tier == tier.as_str());
        let entries = listed_tiers.iter().filter(|(_, of)| of == tier).count();
        assert_eq!(
            counted.map(|line| line.entries).sum::<i64>(),
            entries as i64,
            "{tier}"
        );
    }
    listed_tiers
}

fn cold(titles: &[&str]) -> Vec<(String, StorageStatus)> {
    let cold = |title: &&str| ((*title).to_owned(), StorageStatus::Cold);
    titles.iter().map(cold).collect()
}

async fn create(
    store: &Store,
    at: Timestamp,
    user: UserId,
    conversation_id: Option<ConversationId>,
    title: &str,
) -> EntryId {
    let draft = EntryDraft {
        conversation_id,
        ..draft(Status::Info, title)
    };
    create_work_log(store, at, user, draft, Origin::default())
        .await
        .unwrap()
        .id
}

fn set_warning() -> EntryPatch {
    EntryPatch {
        status: Some(Status::Warning),
        ..EntryPatch::default()
    }
}

fn set_title(title: &str) -> EntryPatch {
    EntryPatch {
        title: Some(title.to_owned()),
        ..EntryPatch::default()
    }
}

/// The keys of a user's objects in the manifest.
async fn object_keys(tiers: &Tiers, user: UserId) -> Vec<String> {
    let reader = &mut tiers.store.read().await.unwrap();
    let manifests = objects::of_user(reader, user, None).await.unwrap();
    manifests.into_iter().map(|manifest| manifest.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_row_yields_only_to_a_higher_revision_in_the_archive() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let id = create(store, NOW, ada, None, "original").await;
    create(store, NOW, ada, None, "neighbour").await;
    let copy = env.backup().await;
    update_entry(&env.tiers, NOW, ada, id, set_title("changed"))
        .await
        .unwrap();
    env.run(now).await;

    let tiers = env.restore_copy(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 1));
    let neighbour = ("neighbour".to_owned(), StorageStatus::Hot);
    let expected = [cold(&["changed"]), vec![neighbour.clone()]].concat();
    assert_eq!(titles_and_tiers(&tiers, ada).await, expected);
    let changed = update_entry(&tiers, now, ada, id, set_title("changed since"));
    changed.await.unwrap();
    let repeated = after_restore(&tiers, now).await.unwrap();
    assert_eq!((repeated.missing, repeated.adopted), (0, 0));
    let row = ("changed since".to_owned(), StorageStatus::Hot);
    assert_eq!(titles_and_tiers(&tiers, ada).await, [row, neighbour]);
    run_once(&tiers, trusted(now)).await.unwrap();
    assert_eq!(
        titles_and_tiers(&tiers, ada).await,
        cold(&["changed since", "neighbour"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_found_in_the_archive_is_not_counted_as_deleted() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let id = create(store, NOW, ada, None, "entry").await;
    let copy = env.backup().await;
    update_entry(&env.tiers, NOW, ada, id, set_warning())
        .await
        .unwrap();
    env.run(now).await;

    let tiers = env.restore_copy(&copy).await;
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
async fn a_restored_tombstone_stays_in_force_beside_an_unlisted_object() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    create(store, NOW, ada, None, "a").await;
    let row = create(store, NOW, ada, None, "original").await;
    env.run(now).await;
    update_entry(&env.tiers, now, ada, row, set_title("row"))
        .await
        .unwrap();
    let copy = env.backup().await;
    create(store, NOW, ada, None, "since").await;
    env.run(now).await;

    let tiers = env.restore_copy(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 1));
    let row = ("row".to_owned(), StorageStatus::Hot);
    let expected = [cold(&["a"]), vec![row], cold(&["since"])].concat();
    assert_eq!(titles_and_tiers(&tiers, ada).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_object_that_still_exists_is_not_read_again() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let archive = &env.tiers.archive;
    let ada = person(store, "ada").await;
    create(store, NOW, ada, None, "stays").await;
    let erased = create(store, NOW, ada, None, "erased").await;
    env.run(now).await;
    let copy = env.backup().await;
    let key = object_keys(&env.tiers, ada).await.remove(0);
    let bytes = archive.get(&key).await.unwrap();
    work_log::delete_entry_keeping_files(&env.tiers, now, ada, erased)
        .await
        .unwrap();
    // the database is lost before the object is deleted and the erasure log is written
    archive.create(&key, bytes.to_vec()).await.unwrap();
    std::fs::remove_dir_all(env.folder.path().join("erased")).unwrap();

    let tiers = env.restore_copy(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (1, 1));
    assert_eq!(titles_and_tiers(&tiers, ada).await, cold(&["stays"]));
    assert!(
        archive.get(&key).await.is_err(),
        "the replaced object still exists"
    );
    let repeated = after_restore(&tiers, now).await.unwrap();
    assert_eq!((repeated.missing, repeated.adopted), (0, 0));
    assert_eq!(titles_and_tiers(&tiers, ada).await, cold(&["stays"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_rewritten_because_entries_expired_replaces_no_other() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let archive = &env.tiers.archive;
    let ada = person(store, "ada").await;
    create(store, NOW, ada, None, "expires").await;
    create(store, NOW.plus(6 * HOUR_MS), ada, None, "stays").await;
    env.run(now).await;
    let hold = holds::place_hold(&env.tiers, now, ada, (ada, None), "a test")
        .await
        .unwrap();
    let copy = env.backup().await;
    let key = object_keys(&env.tiers, ada).await.remove(0);
    let bytes = archive.get(&key).await.unwrap();
    holds::release_hold(&env.tiers, now, &hold).await.unwrap();
    let later = NOW.plus(90 * DAY_MS + HOUR_MS);
    env.run(later).await;
    assert!(!object_keys(&env.tiers, ada).await.contains(&key));
    archive.create(&key, bytes.to_vec()).await.unwrap();

    let tiers = env.restore_copy(&copy).await;
    after_restore(&tiers, later).await.unwrap();
    assert_eq!(
        titles_and_tiers(&tiers, ada).await,
        cold(&["expires", "stays"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_rewritten_during_the_backup_is_read_in_its_new_form() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    create(store, NOW, ada, None, "stays").await;
    let erased = create(store, NOW, ada, None, "erased").await;
    env.run(now).await;
    let backup_folder = tempfile::tempdir().unwrap();
    let (copy, source) = (backup_folder.path().join("copy.db"), store.clone());
    let file = copy.to_str().unwrap().to_owned();
    let back_up = async move { source.backup(&file).await.unwrap() };
    let erase = work_log::delete_entry_keeping_files(&env.tiers, now, ada, erased);
    with_hook(once_at(FailPoint::ReadBack, back_up), erase)
        .await
        .unwrap();

    let tiers = env.restore_copy(&copy).await;
    after_restore(&tiers, now).await.unwrap();
    assert_eq!(titles_and_tiers(&tiers, ada).await, cold(&["stays"]));
    tiers.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_object_replaces_no_other() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let archive = &env.tiers.archive;
    let ada = person(store, "ada").await;
    for title in ["one", "two"] {
        create(store, NOW, ada, None, title).await;
    }
    env.run(now).await;
    let reader = &mut store.read().await.unwrap();
    let old = objects::of_user(reader, ada, None).await.unwrap().remove(0);
    let entries = archive
        .entries_uncached(&old.key, &old.sha256)
        .await
        .unwrap();
    let group = object::ObjectGroup {
        user_id: ada,
        conversation_id: None,
        day: NOW.day(),
    };
    let new = object::encode(group, &entries[..1], Some(old.key.clone())).unwrap();
    archive.create(&new.key, new.bytes).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(
        objects::mark_unlisted(&mut tx, ada, &new.key, now)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let tiers = env.restore_copy(&env.backup().await).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 0));
    assert_eq!(titles_and_tiers(&tiers, ada).await, cold(&["one", "two"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_archived_since_the_backup_return_if_their_conversation_does() {
    let env = CanaryEnv::open().await;
    let (store, now) = (&env.tiers.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let known = conversation(store, ada, "Known").await.id;
    let copy = env.backup().await;
    let unknown = conversation(store, ada, "Unknown").await.id;
    for (conversation_id, title) in [
        (None, "alone"),
        (Some(known), "known"),
        (Some(unknown), "x"),
    ] {
        create(store, NOW, ada, conversation_id, title).await;
    }
    env.run(now).await;

    let tiers = env.restore_copy(&copy).await;
    let restored = after_restore(&tiers, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (0, 2));
    assert_eq!(
        titles_and_tiers(&tiers, ada).await,
        cold(&["alone", "known"])
    );
    let fresh = create(&tiers.store, now, ada, None, "fresh").await;
    let reader = &mut tiers.store.read().await.unwrap();
    let head = heads::find(reader, ada).await.unwrap().head;
    let entry = work_logs::find(reader, ada, fresh).await.unwrap().unwrap();
    assert!(
        entry.rev == head && head > 3,
        "a new revision must be higher than those in the archive: {head}"
    );
}
