//! A store, an archive that may lie, a clock, and the map that says what must be there; `checks` compares.

mod checks;

use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::{
        chat::delete_conversation,
        error::Error,
        retention::{Archive, Policy, Report, Retention, Run, changing::update_anywhere, erasing, keeping, pass::dry_run, run_once},
        store::{Store, retention::lease},
        work_log::{Origin, create_work_log},
    },
    tests::support::{
        chance::Chance,
        lying::Liar,
        people::{NOW, conversation, draft, person},
    },
    timestamp::{DAY_MS, Timestamp},
    work_log::{EntryDraft, EntryPatch, LogType, Metadata, Status, WorkLogEntry},
};
use object_store::ObjectStore;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

const HOUR_MS: i64 = 3_600_000;
/// Among lies a store that does not answer is not waited for; an honest one may be slow.
const IMPATIENCE: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(20);

/// What the map knows of an entry.
#[derive(Debug, Clone)]
struct Known {
    entry: WorkLogEntry,
    kept: bool,
}

/// Everything a seeded run moves.
pub(super) struct World<'a> {
    store: &'a Store,
    liar: Liar,
    retention: Retention,
    chance: Chance,
    now: Timestamp,
    people: Vec<UserId>,
    places: Vec<(UserId, ConversationId)>,
    known: BTreeMap<EntryId, Known>,
    kept_places: BTreeSet<ConversationId>,
    holds: Vec<(String, UserId, Option<ConversationId>)>,
    created: i64,
}

impl<'a> World<'a> {
    pub(super) async fn begin(store: &'a Store, objects: Arc<dyn ObjectStore>, seed: u64) -> Self {
        let liar = Liar::before(objects, seed);
        let people = vec![person(store, "ada").await, person(store, "bob").await];
        let mut places = Vec::new();
        for n in 0..5 {
            places.push((people[n % 2], conversation(store, people[n % 2], "Talk").await.id));
        }
        let retention = Retention { store: store.clone(), archive: archive(&liar) };
        let (known, kept_places) = (BTreeMap::new(), BTreeSet::new());
        let mut chance = Chance::seeded(seed);
        chance.bits();
        Self { store, liar, retention, chance, now: NOW, people, places, known, kept_places, holds: Vec::new(), created: 0 }
    }

    pub(super) async fn step(&mut self) {
        match self.chance.below(24) {
            0..6 => {
                for _ in 0..=self.chance.below(4) {
                    self.create().await;
                }
            }
            6 | 7 => self.update().await,
            8 => self.keep_entry().await,
            9 => self.keep_place().await,
            10 => self.hold().await,
            11 => self.erase_entry().await,
            12 if self.chance.below(4) == 0 => self.erase_place().await,
            12..16 => self.now = self.now.plus(HOUR_MS * (1 + self.chance.below(400) as i64)),
            16 => self.now = self.now.plus(-HOUR_MS * self.chance.below(30) as i64),
            17..20 => drop(self.run().await),
            20 => self.run_among_lies().await,
            21 => self.rehearse().await,
            _ => self.crash().await,
        }
    }

    async fn create(&mut self) {
        let user = self.chance.one_of(&self.people);
        let place = self.places.iter().filter(|(owner, _)| *owner == user).map(|(_, id)| *id).next_back();
        let made = EntryDraft {
            conversation_id: place.filter(|_| self.chance.below(4) > 0),
            log_type: self.chance.one_of(LogType::ALL),
            details: (self.chance.below(3) > 0).then(|| "é\n\u{1F30A} ".repeat(self.chance.below(200) as usize)),
            metadata: Metadata::default().with("inputTokens", self.chance.below(500)).with("x", self.chance.fraction()),
            duration_ms: (self.chance.below(2) == 0).then(|| self.chance.below(9_000) as i64),
            ..draft(self.chance.one_of(&[Status::Success, Status::Error, Status::Info]), &format!("Entry {}", self.created))
        };
        let entry = create_work_log(self.store, self.now, user, made, Origin::default()).await.unwrap();
        self.created += 1;
        self.known.insert(entry.id, Known { entry, kept: false });
    }

    fn any(&mut self) -> Option<(UserId, EntryId)> {
        let ids: Vec<_> = self.known.values().map(|known| (known.entry.user_id, known.entry.id)).collect();
        (!ids.is_empty()).then(|| self.chance.one_of(&ids))
    }

    async fn patch(&mut self, patch: EntryPatch) {
        let Some((user, id)) = self.any() else { return };
        match update_anywhere(&self.retention, self.now, user, id, patch.clone()).await {
            Ok(entry) => {
                let known = self.known.get_mut(&id).unwrap();
                known.kept = patch.kept.unwrap_or(known.kept);
                known.entry = entry;
            }
            Err(Error::NotFound("entry")) => assert!(self.may_be_gone(id), "{id} cannot be changed"),
            Err(error) => panic!("{error}"),
        }
    }

    async fn update(&mut self) {
        let details = (self.chance.below(2) == 0).then(|| Some(format!("changed at {}", self.now)));
        let status = Some(self.chance.one_of(&[Status::Success, Status::Warning, Status::Error]));
        self.patch(EntryPatch { details, status, ..EntryPatch::default() }).await;
    }

    async fn keep_entry(&mut self) {
        let kept = Some(self.chance.below(3) > 0);
        self.patch(EntryPatch { kept, ..EntryPatch::default() }).await;
    }

    async fn keep_place(&mut self) {
        let (user, place) = self.chance.one_of(&self.places);
        let kept = self.kept_places.insert(place) || !self.kept_places.remove(&place);
        keeping::keep_conversation(&self.retention, self.now, user, place, kept).await.unwrap();
    }

    async fn hold(&mut self) {
        if let Some((id, ..)) = self.holds.pop() {
            return keeping::release_hold(&self.retention, self.now, &id).await.unwrap();
        }
        let (user, place) = self.chance.one_of(&self.places);
        let place = (self.chance.below(2) == 0).then_some(place);
        let id = keeping::place_hold(&self.retention, self.now, user, (user, place), "a test").await.unwrap();
        self.holds.push((id, user, place));
    }

    async fn erase_entry(&mut self) {
        let Some((user, id)) = self.any() else { return };
        let held = self.is_held(user, self.known[&id].entry.conversation_id);
        match erasing::erase_entry(&self.retention, self.now, user, id).await {
            Ok(_) => assert!(self.known.remove(&id).is_some() && !held),
            Err(Error::Conflict(_)) => assert!(held),
            Err(Error::NotFound("entry")) => assert!(self.may_be_gone(id), "{id} cannot be erased"),
            Err(error) => panic!("{error}"),
        }
    }

    async fn erase_place(&mut self) {
        let (user, place) = self.places[0];
        match delete_conversation(self.store, self.now, user, place).await {
            Ok(_) => drop(erasing::purge(&self.retention, self.now, user).await.unwrap()),
            Err(Error::Conflict(_)) => return assert!(self.is_held(user, Some(place))),
            Err(error) => panic!("{error}"),
        }
        self.known.retain(|_, known| known.entry.conversation_id != Some(place));
        self.kept_places.remove(&place);
        self.places[0] = (user, conversation(self.store, user, "Another talk").await.id);
    }

    fn is_held(&self, user: UserId, place: Option<ConversationId>) -> bool {
        self.holds.iter().any(|(_, owner, held)| *owner == user && (held.is_none() || *held == place))
    }

    /// Whether the entry expired, so that a run may have deleted it.
    fn may_be_gone(&self, id: EntryId) -> bool {
        let known = &self.known[&id];
        known.entry.timestamp.plus(90 * DAY_MS) <= self.now && !self.is_kept(known)
    }

    fn is_kept(&self, known: &Known) -> bool {
        let place = known.entry.conversation_id;
        known.kept || place.is_some_and(|id| self.kept_places.contains(&id)) || self.is_held(known.entry.user_id, place)
    }

    fn run_now(&self) -> Run {
        Run { trust_clock: true, ..Run::at(Policy::default(), self.now) }
    }

    async fn run(&mut self) -> Report {
        let report = run_once(&self.retention, self.run_now()).await.unwrap();
        assert_eq!((report.failed, report.busy), (0, false), "{report:?}");
        self.forget_expired().await;
        report
    }

    async fn run_among_lies(&mut self) {
        self.liar.lies(40);
        let among_lies = Retention { archive: Archive::over(Arc::new(self.liar.clone()), "", IMPATIENCE), ..self.retention.clone() };
        run_once(&among_lies, self.run_now()).await.unwrap();
        self.liar.lies(0);
        self.retention.archive = archive(&self.liar);
        self.forget_expired().await;
    }

    /// What a dry run tells is what the run does.
    async fn rehearse(&mut self) {
        let (_, told) = dry_run(&self.retention, self.run_now()).await.unwrap();
        let did = self.run().await;
        let moves = |report: &Report| (report.moved_to_warm, report.moved_to_cold, report.moved_to_archived, report.deleted);
        assert_eq!(moves(&told), moves(&did), "told {told:?}, did {did:?}");
    }

    /// A run that ends somewhere in the middle, as when the process is killed; a new process has an empty cache.
    async fn crash(&mut self) {
        let polls = self.chance.below(300);
        let mut run = Box::pin(run_once(&self.retention, self.run_now()));
        for _ in 0..polls {
            if futures::poll!(&mut run).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(50)).await;
        }
        drop(run);
        // a commit that was under way may still come to its end; the next writer waits for it, as a new process would
        let mut tx = self.store.begin().await.unwrap();
        lease::clear(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        self.retention.archive = archive(&self.liar);
        self.now = self.now.plus(11 * 60_000);
        self.forget_expired().await;
    }
}

fn archive(liar: &Liar) -> Archive {
    Archive::over(Arc::new(liar.clone()), "", PATIENCE)
}
