//! The running totals equal a recount of the rows, and deleted entries stay counted.

use crate::{
    domain::{
        EntryDraft, EntryPatch, LogType, Metadata, Status, WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        chat::delete_conversation_rows,
        store::{Store, durations, hours, stats::StatsLine, work_logs},
        work_log::{
            Origin, create_work_log, delete_entry_row, sweep_leases, system_stats, update_work_log,
        },
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, conversation, draft, person},
        random::TestRng,
    },
};
use std::collections::BTreeMap;

/// Day, type, status and tier.
type Key = (i64, String, String, String);
/// Entries, bytes, duration in ms, input tokens and output tokens.
type Totals = BTreeMap<Key, [i64; 5]>;

const OPERATIONS: i64 = 300;

on_both_databases! {
    async fn totals_equal_a_recount_after_hundreds_of_random_changes(store: Store) {
        let mut changes = RandomChanges::new(&store, 7).await;
        for n in 0..OPERATIONS {
            changes.step(n).await;
        }
        let mut expected = std::mem::take(&mut changes.deleted);
        for user in &changes.users {
            changes
                .entries_of(*user, None)
                .await
                .iter()
                .for_each(|entry| add(&mut expected, entry, entry.storage_status.as_str()));
        }
        assert!(
            expected.keys().any(|line| line.3 == "deleted") && expected.len() > 20,
            "the random changes cover too little: {expected:?}"
        );
        assert_eq!(totals(&store).await, expected);
        assert_eq!(hourly_totals(&store).await, without_tier(&expected));
        let mut reader = store.read().await.unwrap();
        assert_eq!(
            hours::durations(&mut reader, 0).await.unwrap(),
            durations::since(&mut reader, 0).await.unwrap()
        );
    }

    async fn numbers_in_metadata_keep_every_digit(store: Store) {
        let ada = person(&store, "ada").await;
        let mut rng = TestRng::new(3);
        for n in 0..20 {
            let metadata = (0..20).fold(Metadata::default(), |fields, i| {
                fields.with(&format!("x{i}"), rng.fraction() * 10_f64.powi(n - 10))
            });
            let new_entry = EntryDraft {
                metadata: metadata.clone(),
                ..draft(Status::Info, "Measured")
            };
            let new_entry = create_work_log(&store, NOW, ada, new_entry, Origin::default())
                .await
                .unwrap();
            let read = work_logs::find(&mut store.read().await.unwrap(), ada, new_entry.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(read.metadata, metadata);
        }
    }
}

async fn totals(store: &Store) -> Totals {
    let lines = system_stats(&mut store.read().await.unwrap(), NOW.plus(DAY_MS * 10), 365)
        .await
        .unwrap();
    let total = |line: StatsLine| {
        let figures = [
            line.entries,
            line.bytes,
            line.duration_ms,
            line.input_tokens,
            line.output_tokens,
        ];
        ((line.day, line.log_type, line.status, line.tier), figures)
    };
    lines.into_iter().map(total).collect()
}

/// Entries, input tokens and output tokens by day, type and status, summed from the hourly totals.
async fn hourly_totals(store: &Store) -> BTreeMap<(i64, String, String), [i64; 3]> {
    let mut sums: BTreeMap<_, [i64; 3]> = BTreeMap::new();
    for line in hours::since(&mut store.read().await.unwrap(), 0)
        .await
        .unwrap()
    {
        let sum = sums
            .entry((line.hour / 24, line.log_type, line.status))
            .or_default();
        *sum = [
            sum[0] + line.entries,
            sum[1] + line.input_tokens,
            sum[2] + line.output_tokens,
        ];
    }
    sums
}

fn without_tier(totals: &Totals) -> BTreeMap<(i64, String, String), [i64; 3]> {
    let mut sums: BTreeMap<_, [i64; 3]> = BTreeMap::new();
    for ((day, log_type, status, _), [entries, _, _, read, written]) in totals {
        let sum = sums
            .entry((*day, log_type.clone(), status.clone()))
            .or_default();
        *sum = [sum[0] + entries, sum[1] + read, sum[2] + written];
    }
    sums
}

fn add(totals: &mut Totals, entry: &WorkLogEntry, tier: &str) {
    let line = (
        entry.timestamp.day(),
        entry.log_type.to_string(),
        entry.status.to_string(),
        tier.to_owned(),
    );
    let bytes = entry.title.len()
        + entry.details.as_deref().unwrap_or("").len()
        + serde_json::to_string(&entry.metadata).unwrap().len();
    let tokens = |name| entry.metadata.number(name).unwrap_or(0);
    let figures = [
        1,
        bytes as i64,
        entry.duration_ms.unwrap_or(0),
        tokens("inputTokens"),
        tokens("outputTokens"),
    ];
    let sums = totals.entry(line).or_default();
    sums.iter_mut()
        .zip(figures)
        .for_each(|(sum, figure)| *sum += figure);
}

/// A seeded sequence of random changes, and the totals of the entries it deleted.
struct RandomChanges<'a> {
    store: &'a Store,
    rng: TestRng,
    users: Vec<UserId>,
    conversations: Vec<(UserId, ConversationId)>,
    deleted: Totals,
}

impl<'a> RandomChanges<'a> {
    async fn new(store: &'a Store, seed: u64) -> Self {
        let users = vec![person(store, "ada").await, person(store, "bob").await];
        let mut conversations = Vec::new();
        for n in 0..6 {
            let user = users[n % 2];
            conversations.push((user, conversation(store, user, "Conversation").await.id));
        }
        Self {
            store,
            rng: TestRng::new(seed),
            users,
            conversations,
            deleted: Totals::new(),
        }
    }

    async fn entries_of(
        &self,
        user: UserId,
        conversation_id: Option<ConversationId>,
    ) -> Vec<WorkLogEntry> {
        let filter = work_logs::EntryFilter {
            conversation_id,
            ..Default::default()
        };
        work_logs::list(
            &mut self.store.read().await.unwrap(),
            user,
            &filter,
            None,
            10_000,
        )
        .await
        .unwrap()
    }

    async fn step(&mut self, n: i64) {
        let now = NOW.plus(n * DAY_MS / 100);
        let user = self.rng.pick(&self.users);
        let ids: Vec<EntryId> = self
            .entries_of(user, None)
            .await
            .iter()
            .map(|entry| entry.id)
            .collect();
        match self.rng.below(20) {
            0..10 => self.create(now, user).await,
            10..16 if !ids.is_empty() => {
                let (id, patch) = (self.rng.pick(&ids), self.patch());
                // a refused update of a finished entry must not change the totals
                let _ = update_work_log(self.store, now, user, id, patch).await;
            }
            16 | 17 if !ids.is_empty() => {
                let id = self.rng.pick(&ids);
                let entry = work_logs::find(&mut self.store.read().await.unwrap(), user, id)
                    .await
                    .unwrap()
                    .unwrap();
                delete_entry_row(self.store, now, user, id).await.unwrap();
                add(&mut self.deleted, &entry, "deleted");
            }
            18 => drop(sweep_leases(self.store, now).await.unwrap()),
            19 if self.conversations.len() > 2 && n % 2 == 0 => {
                self.delete_conversation_rows(now).await
            }
            _ => {}
        }
    }

    async fn create(&mut self, now: Timestamp, user: UserId) {
        let conversation_id = self
            .conversations
            .iter()
            .find(|(owner, _)| *owner == user)
            .map(|(_, id)| *id);
        let new_entry = EntryDraft {
            conversation_id: conversation_id.filter(|_| self.rng.below(2) == 0),
            log_type: self.rng.pick(LogType::ALL),
            details: (self.rng.below(2) == 0).then(|| "é".repeat(self.rng.below(50) as usize)),
            metadata: self.metadata(),
            duration_ms: (self.rng.below(2) == 0).then(|| self.rng.below(9_000) as i64),
            ..draft(self.rng.pick(Status::ALL), "Ünïcode title")
        };
        create_work_log(self.store, now, user, new_entry, Origin::default())
            .await
            .unwrap();
    }

    fn metadata(&mut self) -> Metadata {
        let metadata = Metadata::default()
            .with("inputTokens", self.rng.below(500))
            .with("temperature", self.rng.fraction());
        let name = self.rng.pick(&["paint", "write"]);
        let metadata = metadata
            .with("tool", name)
            .with("model", name)
            .with("fallback", self.rng.below(2) == 0);
        if self.rng.below(2) == 0 {
            metadata.with("outputTokens", self.rng.below(500))
        } else {
            metadata
        }
    }

    fn patch(&mut self) -> EntryPatch {
        EntryPatch {
            status: (self.rng.below(3) > 0).then(|| self.rng.pick(Status::ALL)),
            title: (self.rng.below(3) == 0).then(|| "x".repeat(1 + self.rng.below(80) as usize)),
            details: (self.rng.below(3) == 0).then_some(None),
            metadata: (self.rng.below(2) == 0).then(|| self.metadata().0),
            duration_ms: (self.rng.below(4) == 0).then(|| self.rng.below(9_000) as i64),
            kept: (self.rng.below(5) == 0).then(|| self.rng.below(2) == 0),
            lease_ms: None,
            from_outside: false,
        }
    }

    async fn delete_conversation_rows(&mut self, now: Timestamp) {
        let (user, conversation_id) = self.conversations.remove(0);
        let entries = self.entries_of(user, Some(conversation_id)).await;
        delete_conversation_rows(self.store, now, user, conversation_id)
            .await
            .unwrap();
        entries
            .iter()
            .for_each(|entry| add(&mut self.deleted, entry, "deleted"));
    }
}
