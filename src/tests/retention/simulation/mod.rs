//! The simulation of the randomized test: a store, an archive that injects faults, a clock, and a
//! map with the expected state. `actions` are the users' actions, `runs` the retention runs and
//! what interrupts them, `recovery` crashes and restores, `checks` the comparison.

mod actions;
mod checks;
mod recovery;
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
        store::{Store, retention::set_policy},
    },
    tests::support::{
        databases,
        faulty_store::FaultyStore,
        people::{NOW, conversation, person},
        random::TestRng,
    },
};
use object_store::ObjectStore;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

pub(super) use actions::Action;

/// Timeout while the store works; it may be slow.
const ARCHIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout while the store injects faults, one of which is to hang.
const FAULTY_ARCHIVE_TIMEOUT: Duration = Duration::from_millis(40);
const FAULT_PERCENT: u64 = 40;

/// The expected state of an entry.
#[derive(Debug, Clone)]
struct ExpectedEntry {
    entry: WorkLogEntry,
    kept: bool,
}

/// Id, owner and conversation; without a conversation the hold covers the account.
type Hold = (String, UserId, Option<ConversationId>);

/// The expected state.
#[derive(Debug, Clone, Default)]
struct Expected {
    users: Vec<UserId>,
    entries: BTreeMap<EntryId, ExpectedEntry>,
    /// Every entry ever created, in its last state.
    created: BTreeMap<EntryId, WorkLogEntry>,
    conversations: Vec<(UserId, ConversationId)>,
    kept_conversations: BTreeSet<ConversationId>,
    holds: Vec<Hold>,
}

/// The state of a seeded test.
pub(super) struct Simulation {
    address: String,
    store: Store,
    faulty_store: FaultyStore,
    tiers: Tiers,
    rng: TestRng,
    now: Timestamp,
    /// The latest time of a run.
    last_run_at: Timestamp,
    policy: Policy,
    expected: Expected,
    created_count: i64,
    /// Every state that each entry ever had.
    versions: BTreeMap<EntryId, Vec<ExpectedEntry>>,
    /// Ids that no restored backup may bring back.
    erased_entries: BTreeSet<EntryId>,
    erased_conversations: BTreeSet<ConversationId>,
    erased_users: BTreeSet<UserId>,
    expired_entries: BTreeSet<EntryId>,
    backup_folder: TempDir,
    /// Backups that are databases of a PostgreSQL cluster.
    database_copies: Vec<String>,
    /// The address of the last backup, and the expected state when it was made.
    backup: Option<(String, Expected)>,
}

impl Simulation {
    /// A new simulation on the database at `address`.
    pub(super) async fn new(address: &str, objects: Arc<dyn ObjectStore>, seed: u64) -> Self {
        let store = Store::open(address).await.unwrap();
        let faulty_store = FaultyStore::before(objects, seed);
        let users = vec![person(&store, "ada").await, person(&store, "bob").await];
        let mut conversations = Vec::new();
        for n in 0..5 {
            conversations.push((
                users[n % 2],
                conversation(&store, users[n % 2], "Conversation").await.id,
            ));
        }
        let expected = Expected {
            users,
            conversations,
            ..Expected::default()
        };
        let tiers = Tiers {
            store: store.clone(),
            archive: archive(&faulty_store, ARCHIVE_TIMEOUT),
        };
        let mut rng = TestRng::new(seed);
        rng.bits();
        Self {
            address: address.to_owned(),
            store,
            faulty_store,
            tiers,
            rng,
            now: NOW,
            last_run_at: NOW,
            policy: Policy::default(),
            expected,
            created_count: 0,
            versions: BTreeMap::new(),
            erased_entries: BTreeSet::new(),
            erased_conversations: BTreeSet::new(),
            erased_users: BTreeSet::new(),
            expired_entries: BTreeSet::new(),
            backup_folder: tempfile::tempdir().unwrap(),
            database_copies: Vec::new(),
            backup: None,
        }
    }

    /// Closes the store and drops the backups.
    pub(super) async fn close(self) {
        self.store.close().await;
        for copy in &self.database_copies {
            databases::drop_copy(copy).await;
        }
    }

    /// Performs one random operation.
    pub(super) async fn step(&mut self) {
        match self.rng.below(31) {
            0..6 => self.create_entries().await,
            6..14 => {
                let action = self.rng.pick(Action::ALL);
                self.perform(action).await;
            }
            14..18 => self.now = self.now.plus(HOUR_MS * (1 + self.rng.below(400) as i64)),
            18 => self.now = self.now.plus(-HOUR_MS * self.rng.below(30) as i64),
            19..22 => drop(self.run().await),
            22 => self.run_with_faults().await,
            23 => self.compare_dry_run().await,
            24 | 25 => self.run_with_random_actions().await,
            26 => self.run_during_export().await,
            27 => self.run_until_superseded().await,
            28 => self.change_policy().await,
            29 => self.act_with_faults().await,
            _ => self.back_up_or_restore().await,
        }
    }

    /// Switches the archive's faults on or off.
    fn set_archive_faults(&mut self, faulty: bool) {
        self.faulty_store
            .set_fault_percent(if faulty { FAULT_PERCENT } else { 0 });
        self.tiers.archive = archive(
            &self.faulty_store,
            if faulty {
                FAULTY_ARCHIVE_TIMEOUT
            } else {
                ARCHIVE_TIMEOUT
            },
        );
    }

    /// Moves the clock forward.
    pub(super) fn advance_days(&mut self, days: i64) {
        self.now = self.now.plus(days * DAY_MS);
    }

    async fn change_policy(&mut self) {
        let days = self.rng.pick(&[
            [7, 30, 90],
            [7, 30, 90],
            [3, 10, 40],
            [20, 60, 200],
            [1, 2, 90],
        ]);
        self.set_policy(days).await;
    }

    /// Sets the ages in days at which the hot, warm and cold tier end.
    pub(super) async fn set_policy(&mut self, days: [i64; 3]) {
        let mut tx = self.store.begin().await.unwrap();
        set_policy(&mut tx, days).await.unwrap();
        tx.commit().await.unwrap();
        self.policy = Policy {
            hot_days: days[0],
            warm_days: days[1],
            cold_days: days[2],
        };
    }

    fn is_held(&self, user: UserId, conversation_id: Option<ConversationId>) -> bool {
        self.expected
            .holds
            .iter()
            .any(|(_, owner, held)| *owner == user && (held.is_none() || *held == conversation_id))
    }

    fn is_kept(&self, expected: &ExpectedEntry) -> bool {
        let conversation_id = expected.entry.conversation_id;
        expected.kept
            || conversation_id.is_some_and(|id| self.expected.kept_conversations.contains(&id))
            || self.is_held(expected.entry.user_id, conversation_id)
    }

    /// Whether the entry has expired, so a run may have deleted it.
    fn may_be_gone(&self, id: EntryId) -> bool {
        let expected = &self.expected.entries[&id];
        expected
            .entry
            .timestamp
            .plus(self.policy.cold_days * DAY_MS)
            <= self.now
            && !self.is_kept(expected)
    }
}

fn archive(faulty_store: &FaultyStore, timeout: Duration) -> Archive {
    Archive::with_store(Arc::new(faulty_store.clone()), "", timeout)
}
