//! A store, an archive that may lie, a clock, and the map that says what must be there. `deeds` are
//! what people do, `runs` what retention does and what happens in the middle of it, `lives` how a
//! process ends and another begins, `checks` compares.

mod actions;
mod checks;
mod lives;
mod runs;

use crate::{
    domain::{
        WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers},
        retention::Policy,
        store::{Store, retention::declare_policy},
    },
    tests::support::{
        databases,
        faulty_store::Liar,
        people::{NOW, conversation, person},
        random::Chance,
    },
};
use object_store::ObjectStore;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

pub(super) use actions::Deed;

/// An honest store may be slow.
const PATIENCE: Duration = Duration::from_secs(20);
/// Among lies a store that does not answer is not waited for.
const IMPATIENCE: Duration = Duration::from_millis(40);
/// Of a hundred requests.
const LIES: u64 = 40;

/// What the map knows of an entry.
#[derive(Debug, Clone)]
struct Known {
    entry: WorkLogEntry,
    kept: bool,
}

type Hold = (String, UserId, Option<ConversationId>);

/// What the map knows at one moment.
#[derive(Debug, Clone, Default)]
struct Map {
    people: Vec<UserId>,
    known: BTreeMap<EntryId, Known>,
    /// Everything that was ever made, as it was last.
    made: BTreeMap<EntryId, WorkLogEntry>,
    places: Vec<(UserId, ConversationId)>,
    kept_places: BTreeSet<ConversationId>,
    holds: Vec<Hold>,
}

/// Everything a seeded run moves.
pub(super) struct World {
    address: String,
    store: Store,
    liar: Liar,
    tiers: Tiers,
    chance: Chance,
    now: Timestamp,
    /// The latest time of a run.
    ran: Timestamp,
    policy: Policy,
    map: Map,
    created: i64,
    /// All that each entry ever was, and what may not come back with a backup.
    versions: BTreeMap<EntryId, Vec<Known>>,
    erased: BTreeSet<EntryId>,
    erased_places: BTreeSet<ConversationId>,
    erased_people: BTreeSet<UserId>,
    expired: BTreeSet<EntryId>,
    /// Where backups lie, those that are databases of a cluster, and the address of the last one
    /// with the map of its moment.
    folder: TempDir,
    copies: Vec<String>,
    backup: Option<(String, Map)>,
}

impl World {
    /// A new world in the database at `address`.
    pub(super) async fn begin(address: &str, objects: Arc<dyn ObjectStore>, seed: u64) -> Self {
        let (store, liar) = (
            Store::open(address).await.unwrap(),
            Liar::before(objects, seed),
        );
        let people = vec![person(&store, "ada").await, person(&store, "bob").await];
        let mut places = Vec::new();
        for n in 0..5 {
            places.push((
                people[n % 2],
                conversation(&store, people[n % 2], "Talk").await.id,
            ));
        }
        let map = Map {
            people,
            places,
            ..Map::default()
        };
        let tiers = Tiers {
            store: store.clone(),
            archive: archive(&liar, PATIENCE),
        };
        let mut chance = Chance::seeded(seed);
        chance.bits();
        Self {
            address: address.to_owned(),
            store,
            liar,
            tiers,
            chance,
            now: NOW,
            ran: NOW,
            policy: Policy::default(),
            map,
            created: 0,
            versions: BTreeMap::new(),
            erased: BTreeSet::new(),
            erased_places: BTreeSet::new(),
            erased_people: BTreeSet::new(),
            expired: BTreeSet::new(),
            folder: tempfile::tempdir().unwrap(),
            copies: Vec::new(),
            backup: None,
        }
    }

    /// Closes it.
    pub(super) async fn end(self) {
        self.store.close().await;
        for copy in &self.copies {
            databases::drop_copy(copy).await;
        }
    }

    /// Something happens.
    pub(super) async fn step(&mut self) {
        match self.chance.below(31) {
            0..6 => self.create_some().await,
            6..14 => {
                let deed = self.chance.one_of(Deed::ALL);
                self.deed(deed).await;
            }
            14..18 => self.now = self.now.plus(HOUR_MS * (1 + self.chance.below(400) as i64)),
            18 => self.now = self.now.plus(-HOUR_MS * self.chance.below(30) as i64),
            19..22 => drop(self.run().await),
            22 => self.run_among_lies().await,
            23 => self.rehearse().await,
            24 | 25 => self.run_among_deeds().await,
            26 => self.run_among_exports().await,
            27 => self.run_until_another_takes_over().await,
            28 => self.change_policy().await,
            29 => self.deed_among_lies().await,
            _ => self.back_up_or_restore().await,
        }
    }

    /// Has the archive lie from now on, or be honest again.
    fn archive_lies(&mut self, lies: bool) {
        self.liar.lies(if lies { LIES } else { 0 });
        self.tiers.archive = archive(&self.liar, if lies { IMPATIENCE } else { PATIENCE });
    }

    /// Time passes.
    pub(super) fn wait(&mut self, days: i64) {
        self.now = self.now.plus(days * DAY_MS);
    }

    async fn change_policy(&mut self) {
        let days = self.chance.one_of(&[
            [7, 30, 90],
            [7, 30, 90],
            [3, 10, 40],
            [20, 60, 200],
            [1, 2, 90],
        ]);
        self.declare(days).await;
    }

    /// The ages at which tiers end from now on.
    pub(super) async fn declare(&mut self, days: [i64; 3]) {
        let mut tx = self.store.begin().await.unwrap();
        declare_policy(&mut tx, days).await.unwrap();
        tx.commit().await.unwrap();
        self.policy = Policy {
            hot_days: days[0],
            warm_days: days[1],
            cold_days: days[2],
        };
    }

    fn is_held(&self, user: UserId, place: Option<ConversationId>) -> bool {
        self.map
            .holds
            .iter()
            .any(|(_, owner, held)| *owner == user && (held.is_none() || *held == place))
    }

    fn is_kept(&self, known: &Known) -> bool {
        let place = known.entry.conversation_id;
        known.kept
            || place.is_some_and(|id| self.map.kept_places.contains(&id))
            || self.is_held(known.entry.user_id, place)
    }

    /// Whether the entry expired, so that a run may have deleted it.
    fn may_be_gone(&self, id: EntryId) -> bool {
        let known = &self.map.known[&id];
        known.entry.timestamp.plus(self.policy.cold_days * DAY_MS) <= self.now
            && !self.is_kept(known)
    }
}

fn archive(liar: &Liar, patience: Duration) -> Archive {
    Archive::over(Arc::new(liar.clone()), "", patience)
}
