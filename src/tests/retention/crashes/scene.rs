//! A database and an archive on which one process after the other crashes; each case begins later
//! than the one before.

use super::{
    abort::{Task, Work, run_and_abort, title_change},
    cases::{Case, Operation, Stage},
};
use crate::{
    domain::{
        EntryDraft, Status, StorageStatus, WorkLogEntry,
        ids::EntryId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers, holds, object, reader},
        base::fail_points::FailPoint,
        retention::run_once,
        store::{
            Store,
            retention::objects::{self, Reservation},
            stats,
            work_logs::{EntryFilter, StoredEntry},
        },
        work_log::{Origin, archived, create_work_log},
    },
    tests::support::{
        archives::trusted,
        people::{NOW, draft, person},
    },
};
use futures::TryStreamExt;
use std::collections::BTreeMap;

/// Title and details by entry.
type Entries = BTreeMap<EntryId, (String, Option<String>)>;

pub(super) struct Scene {
    database: String,
    address: String,
    store: Store,
    created_at: Timestamp,
    user_count: usize,
}

impl Scene {
    pub(super) async fn open(database: &str, address: &str) -> Self {
        let store = Store::open(database).await.unwrap();
        Self {
            database: database.to_owned(),
            address: address.to_owned(),
            store,
            created_at: NOW,
            user_count: 0,
        }
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }

    /// Opened freshly, so that nothing is cached.
    fn tiers(&self) -> Tiers {
        Tiers {
            store: self.store.clone(),
            archive: Archive::open(&self.address).unwrap(),
        }
    }

    /// Sets up the case, crashes a process in its operation and checks what remains. Then repeats
    /// the operation and checks that everything is complete and finally expires.
    pub(super) async fn crash_and_recover(&mut self, case: &Case, point: FailPoint) {
        let (work, before) = self.prepare(case).await;
        run_and_abort(&Task {
            database: self.database.clone(),
            archive: self.address.clone(),
            point,
            work,
        });
        let after = expected(&work, &before);
        if work.operation != Operation::Restore {
            let found = self.listed(&work).await;
            let none_or_all = found == before || found == after;
            let partly_expired = matches!(work.operation, Operation::Run(91))
                && found.iter().all(|(id, text)| before.get(id) == Some(text));
            assert!(
                none_or_all || partly_expired,
                "{case:?} at {point:?}: {before:?} became {found:?}"
            );
        }
        work.perform(&self.tiers()).await;
        // the crashed run's lease has expired by then
        let eleven_minutes = 660_000;
        let mut now = work.now().plus(eleven_minutes);
        self.run(now).await;
        assert_eq!(
            self.listed(&work).await,
            after,
            "{case:?} at {point:?}, repeated"
        );
        now = now.plus(3 * DAY_MS);
        self.run(now).await;
        assert_eq!(
            self.objects().await,
            self.listed_keys(&work).await,
            "{case:?} at {point:?}: objects and manifest"
        );
        self.expire_everything(now, &work).await;
    }

    async fn expire_everything(&mut self, now: Timestamp, work: &Work) {
        let holds =
            crate::server::store::holds::with_names(&mut self.store.read().await.unwrap(), 9)
                .await
                .unwrap();
        for hold in holds {
            holds::release_hold(&self.tiers(), now, &hold.id)
                .await
                .unwrap();
        }
        self.created_at = now.plus(100 * DAY_MS);
        self.run(self.created_at).await;
        self.run(self.created_at).await;
        assert_eq!(
            (self.listed(work).await, self.objects().await),
            (Entries::new(), Vec::new()),
            "{work:?}: entries or objects remain"
        );
        let lines = stats::since(&mut self.store.read().await.unwrap(), 0)
            .await
            .unwrap();
        let remaining: Vec<_> = lines
            .iter()
            .filter(|line| line.tier != "deleted" && line.entries != 0)
            .collect();
        assert!(
            remaining.is_empty(),
            "{work:?}: totals remain: {remaining:?}"
        );
    }

    async fn run(&self, now: Timestamp) {
        let report = run_once(&self.tiers(), trusted(now)).await.unwrap();
        assert_eq!((report.failed, report.busy), (0, false), "{report:?}");
    }

    async fn listed(&self, work: &Work) -> Entries {
        let tiers = self.tiers();
        let read = |mut reader| {
            let archive = &tiers.archive;
            async move {
                reader::list(
                    &mut reader,
                    archive,
                    work.user,
                    (&EntryFilter::default(), false),
                    None,
                    100,
                )
                .await
            }
        };
        let listed = reader::retry_on_moved_object(&self.store, read)
            .await
            .unwrap();
        self.check_totals(&listed).await;
        let known: Entries = listed
            .iter()
            .map(|entry| (entry.id, (entry.title.clone(), entry.details.clone())))
            .collect();
        assert_eq!(known.len(), listed.len(), "an entry is listed twice");
        known
    }

    /// The totals equal a recount.
    async fn check_totals(&self, listed: &[WorkLogEntry]) {
        let lines = stats::since(&mut self.store.read().await.unwrap(), 0)
            .await
            .unwrap();
        for tier in StorageStatus::ALL {
            let sum: i64 = lines
                .iter()
                .filter(|line| line.tier == tier.as_str())
                .map(|line| line.entries)
                .sum();
            assert_eq!(
                sum,
                listed
                    .iter()
                    .filter(|entry| entry.storage_status == *tier)
                    .count() as i64,
                "{tier}"
            );
        }
    }

    async fn objects(&self) -> Vec<String> {
        let mut listed: Vec<String> = self
            .tiers()
            .archive
            .list("work-log")
            .map_ok(|object| object.key)
            .try_collect()
            .await
            .unwrap();
        listed.sort();
        listed
    }

    async fn listed_keys(&self, work: &Work) -> Vec<String> {
        let manifests = objects::of_user(&mut self.store.read().await.unwrap(), work.user, None)
            .await
            .unwrap();
        manifests.into_iter().map(|manifest| manifest.key).collect()
    }

    async fn prepare(&mut self, case: &Case) -> (Work, Entries) {
        self.user_count += 1;
        let user = person(&self.store, &format!("person-{}", self.user_count)).await;
        let conversation = crate::server::chat::create_conversation(
            &self.store,
            self.created_at,
            user,
            "Conversation",
        )
        .await
        .unwrap()
        .id;
        let mut last = None;
        for conversation_id in [
            None,
            None,
            Some(conversation),
            Some(conversation),
            Some(conversation),
        ] {
            let about = draft(Status::Success, &format!("entry {last:?}"));
            let new_entry = EntryDraft {
                conversation_id,
                details: Some("some text ".repeat(30)),
                ..about
            };
            last = Some(
                create_work_log(
                    &self.store,
                    self.created_at,
                    user,
                    new_entry,
                    Origin::default(),
                )
                .await
                .unwrap()
                .id,
            );
        }
        let work = Work {
            operation: case.operation,
            created_at: self.created_at,
            user,
            entry: last.unwrap(),
            conversation,
        };
        let before = self.listed(&work).await;
        self.set_up(case.stage, &work).await;
        let before = if case.stage == Stage::Restored {
            before
        } else {
            self.listed(&work).await
        };
        (work, before)
    }

    async fn set_up(&self, stage: Stage, work: &Work) {
        let (tiers, later) = (self.tiers(), self.created_at.plus(31 * DAY_MS));
        match stage {
            Stage::Rows => return,
            Stage::Orphaned => return self.create_orphans(work).await,
            _ => self.run(later).await,
        }
        match stage {
            Stage::Tombstoned => {
                archived::update_entry(&tiers, later, work.user, work.entry, title_change())
                    .await
                    .unwrap();
                self.run(later).await;
            }
            Stage::Held => drop(
                holds::place_hold(&tiers, later, work.user, (work.user, None), "a test")
                    .await
                    .unwrap(),
            ),
            Stage::Restored => self.rewrite_object_unnoticed(work).await,
            _ => {}
        }
    }

    async fn create_orphans(&self, work: &Work) {
        let folder = format!("work-log/v1/{}/none/2026-11-24", work.user);
        self.tiers()
            .archive
            .create(&format!("{folder}/unlisted"), b"text".to_vec())
            .await
            .unwrap();
        let mut tx = self.store.begin().await.unwrap();
        let reserved = objects::reserve(
            &mut tx,
            work.user,
            &format!("{folder}/never-written"),
            None,
            self.created_at,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reserved, Reservation::Reserved);
    }

    /// Replaces the conversation's object by one without the entry and adds the entry to the
    /// archive's erasure log, without updating the database.
    async fn rewrite_object_unnoticed(&self, work: &Work) {
        let archive = self.tiers().archive;
        let manifests = objects::of_user(
            &mut self.store.read().await.unwrap(),
            work.user,
            Some(work.conversation),
        )
        .await
        .unwrap();
        let manifest = &manifests[0];
        let entries: Vec<StoredEntry> = archive
            .entries_uncached(&manifest.key, &manifest.sha256)
            .await
            .unwrap();
        let rest: Vec<StoredEntry> = entries
            .into_iter()
            .filter(|entry| entry.id != work.entry)
            .collect();
        let group = object::ObjectGroup {
            user_id: work.user,
            conversation_id: Some(work.conversation),
            day: self.created_at.day(),
        };
        let new = object::encode(group, &rest, Some(manifest.key.clone())).unwrap();
        archive.create(&new.key, new.bytes).await.unwrap();
        archive.delete(&manifest.key).await.unwrap();
        let subject = object::hex_sha256(work.entry.to_string().as_bytes());
        let line =
            serde_json::json!({ "kind": "entry", "subject": subject, "erasedAt": 0 }).to_string();
        archive
            .create(
                &format!("erased/v1/{}.ndjson", object::hex_sha256(line.as_bytes())),
                line.into_bytes(),
            )
            .await
            .unwrap();
    }
}

/// The entries after the operation.
fn expected(work: &Work, before: &Entries) -> Entries {
    let mut after = before.clone();
    match work.operation {
        Operation::Run(91) | Operation::EraseAccount => after.clear(),
        Operation::Run(_) => {}
        Operation::Change => after.get_mut(&work.entry).unwrap().0 = "changed".to_owned(),
        Operation::EraseEntry | Operation::Restore => drop(after.remove(&work.entry)),
        // the last three entries are in the conversation
        Operation::EraseConversation => after = before.clone().into_iter().take(2).collect(),
    }
    after
}
