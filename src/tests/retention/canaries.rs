//! Nothing left at the end: planted text is absent from the database's files and the objects after entries expired, after they
//! were erased, and after a backup that still had them is restored.

use crate::{
    ids::{EntryId, UserId},
    server::{
        chat::delete_conversation,
        retention::{
            Archive, Policy, Retention, Run,
            changing::update_anywhere,
            erased, erasing,
            fail_points::{FailPoint, heard_by},
            reading,
            restoring::after_restore,
            run_once,
        },
        store::{Store, work_logs::EntryFilter},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        archives::once_at,
        databases::Sqlite,
        people::{NOW, conversation, draft, person},
    },
    timestamp::{DAY_MS, Timestamp},
    work_log::{EntryDraft, EntryPatch, Metadata, Status, StorageStatus},
};
use std::{path::Path, time::Duration};
use tempfile::TempDir;

const CANARY: &str = "canary-7f3a9e52";

struct Cage {
    database: Sqlite,
    folder: TempDir,
    retention: Retention,
}

impl Cage {
    async fn open() -> Self {
        let (database, folder) = (Sqlite::create().await, tempfile::tempdir().unwrap());
        let archive = Archive::open(&format!("file://{}", folder.path().display())).unwrap();
        let retention = Retention { store: database.store.clone(), archive };
        let tended = database.store.clone();
        tokio::spawn(async move { tended.tend_log().await });
        Self { database, folder, retention }
    }

    async fn run(&self, at: Timestamp) {
        let report = run_once(&self.retention, Run { trust_clock: true, ..Run::at(Policy::default(), at) }).await.unwrap();
        assert_eq!(report.failed, 0, "{report:?}");
    }

    /// What a restored backup is, before what was erased is erased again.
    async fn restored_from(&self, copy: &Path) -> Retention {
        let address = format!("sqlite://{}", copy.display());
        let store = Store::open(&address).await.unwrap();
        store.begin_new_epoch().await.unwrap();
        store.close().await;
        Retention { store: Store::open(&address).await.unwrap(), archive: self.retention.archive.clone() }
    }

    async fn plant(&self, user: UserId, place: Option<crate::ids::ConversationId>) -> EntryId {
        let canaries = EntryDraft {
            conversation_id: place,
            details: Some(CANARY.repeat(500)),
            metadata: Metadata::default().with("note", CANARY),
            ..draft(Status::Success, &format!("Title with {CANARY}"))
        };
        create_work_log(&self.retention.store, NOW, user, canaries, Origin::default()).await.unwrap().id
    }

    /// Waits until nothing is left, but not for ever, and says what is: in database files as they are, in objects unpacked.
    async fn canaries(&self) -> usize {
        let left = || self.database.occurrences(CANARY) + in_objects(self.folder.path());
        let nothing = async {
            while left() > 0 {
                tokio::task::yield_now().await;
            }
        };
        _ = tokio::time::timeout(Duration::from_secs(20), nothing).await;
        left()
    }
}

fn in_objects(folder: &Path) -> usize {
    let of = |file: std::fs::DirEntry| {
        if file.path().is_dir() {
            return in_objects(&file.path());
        }
        let bytes = std::fs::read(file.path()).unwrap();
        let plain = zstd::decode_all(&bytes[..]).unwrap_or(bytes);
        plain.windows(CANARY.len()).filter(|part| *part == CANARY.as_bytes()).count()
    };
    std::fs::read_dir(folder).unwrap().map(|file| of(file.unwrap())).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_what_expired() {
    let cage = Cage::open().await;
    let ada = person(&cage.retention.store, "ada").await;
    for _ in 0..5 {
        cage.plant(ada, None).await;
    }
    cage.run(NOW.plus(8 * DAY_MS)).await;
    cage.run(NOW.plus(31 * DAY_MS)).await;
    assert!(in_objects(cage.folder.path()) > 0, "the objects are where the text lies");
    cage.run(NOW.plus(90 * DAY_MS)).await;
    assert_eq!(cage.canaries().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_what_was_erased_in_any_tier() {
    for age in [1, 10, 45] {
        let cage = Cage::open().await;
        let store: &Store = &cage.retention.store;
        let now = NOW.plus(age * DAY_MS);
        let (ada, bob) = (person(store, "ada").await, person(store, "bob").await);
        let talk = conversation(store, ada, "Talk").await;
        let alone = cage.plant(ada, None).await;
        let innocent = create_work_log(store, NOW, ada, draft(Status::Info, "innocent"), Origin::default()).await.unwrap();
        cage.plant(ada, Some(talk.id)).await;
        cage.plant(bob, None).await;
        cage.run(now).await;
        erasing::erase_entry(&cage.retention, now, ada, alone).await.unwrap();
        delete_conversation(store, now, ada, talk.id).await.unwrap();
        erasing::purge(&cage.retention, now, ada).await.unwrap();
        erasing::erase_account(&cage.retention, now, bob).await.unwrap();
        assert_eq!(cage.canaries().await, 0, "at {age} days");
        let reader = &mut store.read().await.unwrap();
        let left = reading::find(reader, &cage.retention.archive, ada, innocent.id).await.unwrap();
        assert_eq!(left.unwrap().title, "innocent", "at {age} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_row_that_is_erased_while_its_object_is_written_or_after_its_writer_died() {
    for (dies, place) in [(false, FailPoint::Put), (true, FailPoint::Put), (true, FailPoint::ReadBack), (false, FailPoint::ReadBack)] {
        let cage = Cage::open().await;
        let ada = person(&cage.retention.store, "ada").await;
        let (planted, now) = (cage.plant(ada, None).await, NOW.plus(45 * DAY_MS));
        let erased = cage.retention.clone();
        let erase = move || async move { _ = erasing::erase_entry(&erased, now, ada, planted).await.unwrap() };
        let run = Run { trust_clock: true, ..Run::at(Policy::default(), now) };
        if dies {
            let (stopped, reached) = tokio::sync::oneshot::channel();
            let stops = async move {
                _ = stopped.send(());
                std::future::pending().await
            };
            tokio::select! {
                _ = heard_by(once_at(place, stops), run_once(&cage.retention, run)) => panic!("it stops at {place:?}"),
                reached = reached => reached.unwrap(),
            }
            erase().await;
        } else {
            heard_by(once_at(place, erase()), run_once(&cage.retention, run)).await.unwrap();
            erasing::purge(&cage.retention, now, ada).await.unwrap();
        }
        assert_eq!(cage.canaries().await, 0, "{place:?}, its writer died: {dies}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_an_entry_that_became_a_row_again_and_is_erased_then() {
    let cage = Cage::open().await;
    let ada = person(&cage.retention.store, "ada").await;
    let (planted, now) = (cage.plant(ada, None).await, NOW.plus(45 * DAY_MS));
    cage.run(now).await;
    let settled = EntryPatch { status: Some(Status::Warning), ..EntryPatch::default() };
    update_anywhere(&cage.retention, now, ada, planted, settled).await.unwrap();
    erasing::erase_entry(&cage.retention, now, ada, planted).await.unwrap();
    assert_eq!(cage.canaries().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_does_not_bring_back_what_was_erased() {
    let cage = Cage::open().await;
    let store: &Store = &cage.retention.store;
    let now = NOW.plus(45 * DAY_MS);
    let (ada, bob) = (person(store, "ada").await, person(store, "bob").await);
    let old = cage.plant(ada, None).await;
    let innocent = create_work_log(store, NOW, ada, draft(Status::Info, "innocent"), Origin::default()).await.unwrap();
    cage.run(now).await;
    let fresh = cage.plant(ada, None).await;
    cage.plant(bob, None).await;
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");
    store.backup(copy.to_str().unwrap()).await.unwrap();
    for id in [old, fresh] {
        erasing::erase_entry(&cage.retention, now, ada, id).await.unwrap();
    }
    erasing::erase_account(&cage.retention, now, bob).await.unwrap();

    let retention = cage.restored_from(&copy).await;
    let again = retention.store.clone();
    assert_ne!(again.epoch(), store.epoch());
    let restored = after_restore(&retention, now).await.unwrap();
    assert_eq!((restored.erased, restored.missing, restored.adopted), (2, 1, 1), "the object was rewritten since the backup");
    again.shrink().await.unwrap();
    let left: Vec<u8> =
        ["", "-wal"].iter().filter_map(|ending| std::fs::read(format!("{}{ending}", copy.display())).ok()).flatten().collect();
    assert!(!left.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
    let reader = &mut again.read().await.unwrap();
    let found = reading::find(reader, &retention.archive, ada, innocent.id).await.unwrap();
    assert_eq!(found.unwrap().title, "innocent", "what was not erased is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_has_what_became_a_row_again_since() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.retention.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let (changed, neighbour, erased) = (cage.plant(ada, None).await, cage.plant(ada, None).await, cage.plant(ada, None).await);
    cage.run(now).await;
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");
    store.backup(copy.to_str().unwrap()).await.unwrap();
    let patch = EntryPatch { status: Some(Status::Warning), ..EntryPatch::default() };
    update_anywhere(&cage.retention, now, ada, changed, patch).await.unwrap();
    erasing::erase_entry(&cage.retention, now, ada, erased).await.unwrap();
    // it stays a row, for rows are to become older by now
    let policy = Policy { hot_days: 60, warm_days: 70, cold_days: 90 };
    run_once(&cage.retention, Run { trust_clock: true, ..Run::at(policy, now) }).await.unwrap();

    let retention = cage.restored_from(&copy).await;
    after_restore(&retention, now).await.unwrap();
    let reader = &mut retention.store.read().await.unwrap();
    let mut there = Vec::new();
    for id in [changed, neighbour, erased] {
        there.push(reading::find(reader, &retention.archive, ada, id).await.unwrap().map(|entry| entry.status));
    }
    assert_eq!(there, [Some(Status::Success), Some(Status::Success), None], "the change is lost with the database, and nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restored_backup_has_as_a_row_and_the_archive_as_an_object_is_moved_there_again() {
    let cage = Cage::open().await;
    let (store, now) = (&cage.retention.store, NOW.plus(45 * DAY_MS));
    let ada = person(store, "ada").await;
    let rewritten = cage.plant(ada, None).await;
    cage.run(now).await;
    let row = cage.plant(ada, None).await;
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");
    store.backup(copy.to_str().unwrap()).await.unwrap();
    let unknown = cage.plant(ada, None).await;
    cage.run(now).await;
    erasing::erase_entry(&cage.retention, now, ada, rewritten).await.unwrap();

    let retention = cage.restored_from(&copy).await;
    let restored = after_restore(&retention, now).await.unwrap();
    assert_eq!((restored.missing, restored.adopted), (1, 1));
    // leaves an object of the row alone, such as it becomes when it is moved
    erasing::erase_entry(&retention, now, ada, unknown).await.unwrap();
    let report = run_once(&retention, Run { trust_clock: true, ..Run::at(Policy::default(), now) }).await.unwrap();
    assert_eq!((report.moved_to_cold, report.failed), (1, 0), "{report:?}");
    let reader = &mut retention.store.read().await.unwrap();
    let found = reading::find(reader, &retention.archive, ada, row).await.unwrap().unwrap();
    assert_eq!(found.storage_status, StorageStatus::Cold);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_list_of_erasures_is_written_anew_before_a_backup_is_restored() {
    let cage = Cage::open().await;
    let store = &cage.retention.store;
    let ada = person(store, "ada").await;
    let planted = [cage.plant(ada, None).await, cage.plant(ada, None).await];
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");
    store.backup(copy.to_str().unwrap()).await.unwrap();
    for id in planted {
        erasing::erase_entry(&cage.retention, NOW, ada, id).await.unwrap();
        erased::mirror(&cage.retention, NOW).await.unwrap();
    }
    let list = cage.folder.path().join("erased/v1");
    let spoiled = std::fs::read_dir(&list).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&spoiled, "{\"kind\": \"ent").unwrap();
    std::fs::write(list.join("put-in-vain.ndjson"), "\u{fffd}").unwrap();

    let retention = cage.restored_from(&copy).await;
    assert!(after_restore(&retention, NOW).await.is_err(), "nobody knows what the list said");
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
    let files = tempfile::tempdir().unwrap();
    let copy = files.path().join("copy.db");
    store.backup(copy.to_str().unwrap()).await.unwrap();
    let patch = EntryPatch { status: Some(Status::Warning), ..EntryPatch::default() };
    update_anywhere(&cage.retention, now, ada, changed, patch).await.unwrap();
    erasing::erase_entry(&cage.retention, now, ada, erased).await.unwrap();
    cage.run(now).await;

    let retention = cage.restored_from(&copy).await;
    after_restore(&retention, now).await.unwrap();
    let reader = &mut retention.store.read().await.unwrap();
    let listed = reading::list(reader, &retention.archive, ada, (&EntryFilter::default(), false), None, 100).await.unwrap();
    let mut listed: Vec<_> = listed.into_iter().map(|entry| (entry.id, entry.status)).collect();
    listed.sort_by_key(|(id, _)| *id);
    assert_eq!(listed, [(changed, Status::Success), (neighbour, Status::Success)]);
}
