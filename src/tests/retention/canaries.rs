//! Nothing left at the end: planted text is absent from the database's files and the objects after
//! entries expired, and after they were erased.

use crate::{
    domain::{
        EntryDraft, EntryPatch, Metadata, Status,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers, erase, reader},
        base::fail_points::{FailPoint, heard_by},
        chat::delete_conversation_rows,
        retention::run_once,
        store::Store,
        work_log::{self, Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::{once_at, trusted},
        databases::Sqlite,
        people::{NOW, conversation, draft, person},
    },
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

pub(super) const CANARY: &str = "canary-7f3a9e52";

pub(super) struct Cage {
    database: Sqlite,
    pub(super) folder: TempDir,
    backups: TempDir,
    pub(super) tiers: Tiers,
}

impl Cage {
    pub(super) async fn open() -> Self {
        let (database, folder, backups) = (
            Sqlite::create().await,
            tempfile::tempdir().unwrap(),
            tempfile::tempdir().unwrap(),
        );
        let archive = Archive::open(&format!("file://{}", folder.path().display())).unwrap();
        let tiers = Tiers {
            store: database.store.clone(),
            archive,
        };
        let tended = database.store.clone();
        tokio::spawn(async move { tended.tend_log().await });
        Self {
            database,
            folder,
            backups,
            tiers,
        }
    }

    pub(super) async fn run(&self, at: Timestamp) {
        let report = run_once(&self.tiers, trusted(at)).await.unwrap();
        assert_eq!(report.failed, 0, "{report:?}");
    }

    /// A copy of the database at this moment.
    pub(super) async fn backup(&self) -> PathBuf {
        let copy = self.backups.path().join("copy.db");
        self.tiers
            .store
            .backup(copy.to_str().unwrap())
            .await
            .unwrap();
        copy
    }

    /// What a restored backup is, before what was erased is erased again.
    pub(super) async fn restored_from(&self, copy: &Path) -> Tiers {
        let address = format!("sqlite://{}", copy.display());
        let store = Store::open(&address).await.unwrap();
        store.begin_new_epoch().await.unwrap();
        store.close().await;
        Tiers {
            store: Store::open(&address).await.unwrap(),
            archive: self.tiers.archive.clone(),
        }
    }

    pub(super) async fn plant(&self, user: UserId, place: Option<ConversationId>) -> EntryId {
        let canaries = EntryDraft {
            conversation_id: place,
            details: Some(CANARY.repeat(500)),
            metadata: Metadata::default().with("note", CANARY),
            ..draft(Status::Success, &format!("Title with {CANARY}"))
        };
        create_work_log(&self.tiers.store, NOW, user, canaries, Origin::default())
            .await
            .unwrap()
            .id
    }

    /// Waits until nothing is left, but not for ever, and says what is: in database files as they
    /// are, in objects unpacked.
    async fn canaries(&self) -> usize {
        let left = || self.database.occurrences(CANARY) + in_objects(self.folder.path());
        let nothing = async {
            while left() > 0 {
                tokio::task::yield_now().await;
            }
        };
        _ = tokio::time::timeout(Duration::from_secs(60), nothing).await;
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
        plain
            .windows(CANARY.len())
            .filter(|part| *part == CANARY.as_bytes())
            .count()
    };
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| of(file.unwrap()))
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_what_expired() {
    let cage = Cage::open().await;
    let ada = person(&cage.tiers.store, "ada").await;
    for _ in 0..5 {
        cage.plant(ada, None).await;
    }
    cage.run(NOW.plus(8 * DAY_MS)).await;
    cage.run(NOW.plus(31 * DAY_MS)).await;
    assert!(
        in_objects(cage.folder.path()) > 0,
        "the objects are where the text lies"
    );
    cage.run(NOW.plus(90 * DAY_MS)).await;
    assert_eq!(cage.canaries().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_what_was_erased_in_any_tier() {
    for age in [1, 10, 45] {
        let cage = Cage::open().await;
        let store: &Store = &cage.tiers.store;
        let now = NOW.plus(age * DAY_MS);
        let (ada, bob) = (person(store, "ada").await, person(store, "bob").await);
        let talk = conversation(store, ada, "Talk").await;
        let alone = cage.plant(ada, None).await;
        let innocent = create_work_log(
            store,
            NOW,
            ada,
            draft(Status::Info, "innocent"),
            Origin::default(),
        )
        .await
        .unwrap();
        cage.plant(ada, Some(talk.id)).await;
        cage.plant(bob, None).await;
        cage.run(now).await;
        work_log::erase_entry(&cage.tiers, now, ada, alone)
            .await
            .unwrap();
        delete_conversation_rows(store, now, ada, talk.id)
            .await
            .unwrap();
        erase::delete_marked_objects(&cage.tiers, now, ada)
            .await
            .unwrap();
        erase::erase_account(&cage.tiers, now, bob).await.unwrap();
        assert_eq!(cage.canaries().await, 0, "at {age} days");
        let left = reader::find(
            store.read().await.unwrap(),
            &cage.tiers.archive,
            ada,
            innocent.id,
        )
        .await
        .unwrap();
        assert_eq!(left.unwrap().title, "innocent", "at {age} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_row_that_is_erased_while_its_object_is_written_or_after_its_writer_died()
 {
    for (dies, place) in [
        (false, FailPoint::Put),
        (true, FailPoint::Put),
        (true, FailPoint::ReadBack),
        (false, FailPoint::ReadBack),
    ] {
        let cage = Cage::open().await;
        let ada = person(&cage.tiers.store, "ada").await;
        let (planted, now) = (cage.plant(ada, None).await, NOW.plus(45 * DAY_MS));
        let erased = cage.tiers.clone();
        let erase = move || async move {
            _ = work_log::erase_entry(&erased, now, ada, planted)
                .await
                .unwrap()
        };
        let run = trusted(now);
        if dies {
            let (stopped, reached) = tokio::sync::oneshot::channel();
            let stops = async move {
                _ = stopped.send(());
                std::future::pending().await
            };
            tokio::select! {
                _ = heard_by(once_at(place, stops), run_once(&cage.tiers, run)) => panic!("it stops at {place:?}"),
                reached = reached => reached.unwrap(),
            }
            erase().await;
        } else {
            heard_by(once_at(place, erase()), run_once(&cage.tiers, run))
                .await
                .unwrap();
            erase::delete_marked_objects(&cage.tiers, now, ada)
                .await
                .unwrap();
        }
        assert_eq!(
            cage.canaries().await,
            0,
            "{place:?}, its writer died: {dies}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_an_entry_that_became_a_row_again_and_is_erased_then() {
    let cage = Cage::open().await;
    let ada = person(&cage.tiers.store, "ada").await;
    let (planted, now) = (cage.plant(ada, None).await, NOW.plus(45 * DAY_MS));
    cage.run(now).await;
    let settled = EntryPatch {
        status: Some(Status::Warning),
        ..EntryPatch::default()
    };
    update_entry(&cage.tiers, now, ada, planted, settled)
        .await
        .unwrap();
    work_log::erase_entry(&cage.tiers, now, ada, planted)
        .await
        .unwrap();
    assert_eq!(cage.canaries().await, 0);
}
