//! Planted text is absent from database files and archive objects once its entry has expired or
//! been erased.

use crate::{
    domain::{
        EntryDraft, EntryPatch, Metadata, Status,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers, erase, reader},
        base::fail_points::{FailPoint, with_hook},
        chat::delete_conversation_rows,
        retention::run_once,
        store::Store,
        work_log::{self, Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::{once_at, trusted},
        databases::Sqlite,
        folders::files_below,
        people::{NOW, conversation, draft, person},
    },
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

pub(super) const CANARY: &str = "canary-7f3a9e52";

/// A database and an archive in folders that can be searched for the planted text.
pub(super) struct CanaryEnv {
    database: Sqlite,
    pub(super) folder: TempDir,
    backups: TempDir,
    pub(super) tiers: Tiers,
}

impl CanaryEnv {
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
        let store = database.store.clone();
        tokio::spawn(async move { store.run_checkpoints().await });
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

    /// The tiers on a restored backup, before the erasure log is applied.
    pub(super) async fn restore_copy(&self, copy: &Path) -> Tiers {
        let address = format!("sqlite://{}", copy.display());
        let store = Store::open(&address).await.unwrap();
        store.begin_new_epoch().await.unwrap();
        store.close().await;
        Tiers {
            store: Store::open(&address).await.unwrap(),
            archive: self.tiers.archive.clone(),
        }
    }

    pub(super) async fn plant(
        &self,
        user: UserId,
        conversation_id: Option<ConversationId>,
    ) -> EntryId {
        let canaries = EntryDraft {
            conversation_id,
            details: Some(CANARY.repeat(500)),
            metadata: Metadata::default().with("note", CANARY),
            ..draft(Status::Success, &format!("Title with {CANARY}"))
        };
        create_work_log(&self.tiers.store, NOW, user, canaries, Origin::default())
            .await
            .unwrap()
            .id
    }

    /// Occurrences in database files and unpacked objects. Waits up to 60 s for there to be none.
    async fn count_canaries(&self) -> usize {
        let count = || self.database.occurrences(CANARY) + count_in_objects(self.folder.path());
        let none_left = async {
            while count() > 0 {
                tokio::task::yield_now().await;
            }
        };
        _ = tokio::time::timeout(Duration::from_secs(60), none_left).await;
        count()
    }
}

fn count_in_objects(folder: &Path) -> usize {
    let count_in = |file: PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        let plain = zstd::decode_all(&bytes[..]).unwrap_or(bytes);
        plain
            .windows(CANARY.len())
            .filter(|part| *part == CANARY.as_bytes())
            .count()
    };
    files_below(folder).into_iter().map(count_in).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_text_is_gone_from_database_and_archive() {
    let env = CanaryEnv::open().await;
    let ada = person(&env.tiers.store, "ada").await;
    for _ in 0..5 {
        env.plant(ada, None).await;
    }
    env.run(NOW.plus(8 * DAY_MS)).await;
    env.run(NOW.plus(31 * DAY_MS)).await;
    assert!(
        count_in_objects(env.folder.path()) > 0,
        "the objects should contain the text"
    );
    env.run(NOW.plus(90 * DAY_MS)).await;
    assert_eq!(env.count_canaries().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_text_is_gone_from_database_and_archive_in_every_tier() {
    for age in [1, 10, 45] {
        let env = CanaryEnv::open().await;
        let store: &Store = &env.tiers.store;
        let now = NOW.plus(age * DAY_MS);
        let (ada, bob) = (person(store, "ada").await, person(store, "bob").await);
        let conversation_id = conversation(store, ada, "Conversation").await.id;
        let outside = env.plant(ada, None).await;
        let innocent = create_work_log(
            store,
            NOW,
            ada,
            draft(Status::Info, "innocent"),
            Origin::default(),
        )
        .await
        .unwrap();
        env.plant(ada, Some(conversation_id)).await;
        env.plant(bob, None).await;
        env.run(now).await;
        work_log::delete_entry_keeping_files(&env.tiers, now, ada, outside)
            .await
            .unwrap();
        delete_conversation_rows(store, now, ada, conversation_id)
            .await
            .unwrap();
        erase::delete_marked_objects(&env.tiers, now, ada)
            .await
            .unwrap();
        erase::erase_account(&env.tiers, now, bob).await.unwrap();
        assert_eq!(env.count_canaries().await, 0, "at {age} days");
        let remaining = reader::find(
            store.read().await.unwrap(),
            &env.tiers.archive,
            ada,
            innocent.id,
        )
        .await
        .unwrap();
        assert_eq!(remaining.unwrap().title, "innocent", "at {age} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_erased_while_or_after_its_object_is_written_leaves_no_text() {
    for (writer_dies, point) in [
        (false, FailPoint::Put),
        (true, FailPoint::Put),
        (true, FailPoint::ReadBack),
        (false, FailPoint::ReadBack),
    ] {
        let env = CanaryEnv::open().await;
        let ada = person(&env.tiers.store, "ada").await;
        let (planted, now) = (env.plant(ada, None).await, NOW.plus(45 * DAY_MS));
        let tiers = env.tiers.clone();
        let erase = move || async move {
            _ = work_log::delete_entry_keeping_files(&tiers, now, ada, planted)
                .await
                .unwrap()
        };
        let run = trusted(now);
        if writer_dies {
            let (reached_point, reached) = tokio::sync::oneshot::channel();
            let hang = async move {
                _ = reached_point.send(());
                std::future::pending().await
            };
            tokio::select! {
                _ = with_hook(once_at(point, hang), run_once(&env.tiers, run)) => {
                    panic!("the run should hang at {point:?}")
                }
                reached = reached => reached.unwrap(),
            }
            erase().await;
        } else {
            with_hook(once_at(point, erase()), run_once(&env.tiers, run))
                .await
                .unwrap();
            erase::delete_marked_objects(&env.tiers, now, ada)
                .await
                .unwrap();
        }
        assert_eq!(
            env.count_canaries().await,
            0,
            "{point:?}, writer died: {writer_dies}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_entry_that_was_changed_and_erased_leaves_no_text() {
    let env = CanaryEnv::open().await;
    let ada = person(&env.tiers.store, "ada").await;
    let (planted, now) = (env.plant(ada, None).await, NOW.plus(45 * DAY_MS));
    env.run(now).await;
    let change = EntryPatch {
        status: Some(Status::Warning),
        ..EntryPatch::default()
    };
    update_entry(&env.tiers, now, ada, planted, change)
        .await
        .unwrap();
    work_log::delete_entry_keeping_files(&env.tiers, now, ada, planted)
        .await
        .unwrap();
    assert_eq!(env.count_canaries().await, 0);
}
