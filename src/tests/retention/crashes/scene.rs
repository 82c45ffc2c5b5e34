//! A database and an archive on which processes die one after the other, each in a time of its own.

use super::{
    abort::{Order, Work, changed, dies},
    cases::{Act, Case, Stage},
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

type Known = BTreeMap<EntryId, (String, Option<String>)>;

pub(super) struct Scene {
    database: String,
    address: String,
    store: Store,
    made: Timestamp,
    people: usize,
}

impl Scene {
    pub(super) async fn open(database: &str, address: &str) -> Self {
        let store = Store::open(database).await.unwrap();
        Self {
            database: database.to_owned(),
            address: address.to_owned(),
            store,
            made: NOW,
            people: 0,
        }
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }

    /// As a new process sees it: nothing read before.
    fn tiers(&self) -> Tiers {
        Tiers {
            store: self.store.clone(),
            archive: Archive::open(&self.address).unwrap(),
        }
    }

    /// Brings about the case's stage, lets a process die in its act, and looks at what is left;
    /// then the act is done again, and the rest comes and goes as it should.
    pub(super) async fn dies_and_goes_on(&mut self, case: &Case, point: FailPoint) {
        let (work, before) = self.prepare(case).await;
        dies(&Order {
            database: self.database.clone(),
            archive: self.address.clone(),
            point,
            work,
        });
        let after = expected(&work, &before);
        if work.act != Act::Restore {
            let found = self.listed(&work).await;
            let whole = found == before || found == after;
            let some = matches!(work.act, Act::Run(91))
                && found.iter().all(|(id, said)| before.get(id) == Some(said));
            assert!(
                whole || some,
                "{case:?} at {point:?}: {before:?} became {found:?}"
            );
        }
        work.carry_out(&self.tiers()).await;
        let eleven_minutes = 660_000; // the lease of the dead
        let mut now = work.now().plus(eleven_minutes);
        self.run(now).await;
        assert_eq!(
            self.listed(&work).await,
            after,
            "{case:?} at {point:?}, and repeated"
        );
        now = now.plus(3 * DAY_MS);
        self.run(now).await;
        assert_eq!(
            self.objects().await,
            self.named(&work).await,
            "{case:?} at {point:?}: objects and manifest"
        );
        self.everything_goes(now, &work).await;
    }

    async fn everything_goes(&mut self, now: Timestamp, work: &Work) {
        let holds =
            crate::server::store::holds::with_names(&mut self.store.read().await.unwrap(), 9)
                .await
                .unwrap();
        for hold in holds {
            holds::release_hold(&self.tiers(), now, &hold.id)
                .await
                .unwrap();
        }
        self.made = now.plus(100 * DAY_MS);
        self.run(self.made).await;
        self.run(self.made).await;
        assert_eq!(
            (self.listed(work).await, self.objects().await),
            (Known::new(), Vec::new()),
            "{work:?}: nothing is left"
        );
        let lines = stats::since(&mut self.store.read().await.unwrap(), 0)
            .await
            .unwrap();
        let there: Vec<_> = lines
            .iter()
            .filter(|line| line.tier != "deleted" && line.entries != 0)
            .collect();
        assert!(there.is_empty(), "{work:?}: nothing is counted: {there:?}");
    }

    async fn run(&self, now: Timestamp) {
        let report = run_once(&self.tiers(), trusted(now)).await.unwrap();
        assert_eq!((report.failed, report.busy), (0, false), "{report:?}");
    }

    async fn listed(&self, work: &Work) -> Known {
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
        self.counted(&listed).await;
        let known: Known = listed
            .iter()
            .map(|entry| (entry.id, (entry.title.clone(), entry.details.clone())))
            .collect();
        assert_eq!(known.len(), listed.len(), "an entry is there twice");
        known
    }

    /// The totals say the same as a recount.
    async fn counted(&self, listed: &[WorkLogEntry]) {
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

    async fn named(&self, work: &Work) -> Vec<String> {
        let named = objects::of_user(&mut self.store.read().await.unwrap(), work.user, None)
            .await
            .unwrap();
        named.into_iter().map(|manifest| manifest.key).collect()
    }

    async fn prepare(&mut self, case: &Case) -> (Work, Known) {
        self.people += 1;
        let user = person(&self.store, &format!("person-{}", self.people)).await;
        let conversation =
            crate::server::chat::create_conversation(&self.store, self.made, user, "Talk")
                .await
                .unwrap()
                .id;
        let mut last = None;
        for place in [
            None,
            None,
            Some(conversation),
            Some(conversation),
            Some(conversation),
        ] {
            let about = draft(Status::Success, &format!("entry {last:?}"));
            let made = EntryDraft {
                conversation_id: place,
                details: Some("some text ".repeat(30)),
                ..about
            };
            last = Some(
                create_work_log(&self.store, self.made, user, made, Origin::default())
                    .await
                    .unwrap()
                    .id,
            );
        }
        let work = Work {
            act: case.act,
            made: self.made,
            user,
            entry: last.unwrap(),
            conversation,
        };
        let before = self.listed(&work).await;
        self.bring_about(case.stage, &work).await;
        let before = if case.stage == Stage::Restored {
            before
        } else {
            self.listed(&work).await
        };
        (work, before)
    }

    async fn bring_about(&self, stage: Stage, work: &Work) {
        let (tiers, later) = (self.tiers(), self.made.plus(31 * DAY_MS));
        match stage {
            Stage::Rows => return,
            Stage::Orphaned => return self.leave_orphans(work).await,
            _ => self.run(later).await,
        }
        match stage {
            Stage::Holed => {
                archived::update_entry(&tiers, later, work.user, work.entry, changed())
                    .await
                    .unwrap();
                self.run(later).await;
            }
            Stage::Held => drop(
                holds::place_hold(&tiers, later, work.user, (work.user, None), "a test")
                    .await
                    .unwrap(),
            ),
            Stage::Restored => self.rewrite_behind_its_back(work).await,
            _ => {}
        }
    }

    async fn leave_orphans(&self, work: &Work) {
        let folder = format!("work-log/v1/{}/none/2026-11-24", work.user);
        self.tiers()
            .archive
            .create(&format!("{folder}/nobody-names-it"), b"text".to_vec())
            .await
            .unwrap();
        let mut tx = self.store.begin().await.unwrap();
        let reserved = objects::reserve(
            &mut tx,
            work.user,
            &format!("{folder}/never-put"),
            None,
            self.made,
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reserved, Reservation::Taken);
    }

    /// The conversation's object gives way to one without the entry, which the archive's list says
    /// is erased; the database knows nothing of it.
    async fn rewrite_behind_its_back(&self, work: &Work) {
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
            .entries_once(&manifest.key, &manifest.sha256)
            .await
            .unwrap();
        let rest: Vec<StoredEntry> = entries
            .into_iter()
            .filter(|entry| entry.id != work.entry)
            .collect();
        let group = object::ObjectGroup {
            user_id: work.user,
            conversation_id: Some(work.conversation),
            day: self.made.day(),
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

/// What is there once the work is done.
fn expected(work: &Work, before: &Known) -> Known {
    let mut after = before.clone();
    match work.act {
        Act::Run(91) | Act::EraseAccount => after.clear(),
        Act::Run(_) => {}
        Act::Change => after.get_mut(&work.entry).unwrap().0 = "changed".to_owned(),
        Act::EraseEntry | Act::Restore => drop(after.remove(&work.entry)),
        // the last three entries stand in the conversation
        Act::EraseConversation => after = before.clone().into_iter().take(2).collect(),
    }
    after
}
