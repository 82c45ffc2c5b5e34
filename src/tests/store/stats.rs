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
            Origin, create_work_log, delete_work_log, sweep_leases, system_stats, update_work_log,
        },
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, conversation, draft, person},
        random::Chance,
    },
};
use std::collections::BTreeMap;

/// Day, type, status and tier.
type Line = (i64, String, String, String);
/// Entries, bytes, milliseconds, tokens read and tokens written.
type Totals = BTreeMap<Line, [i64; 5]>;

const OPERATIONS: i64 = 300;

on_both_databases! {
    async fn totals_equal_a_recount_after_hundreds_of_random_changes(store: Store) {
        let mut run = Run::begin(&store, 7).await;
        for n in 0..OPERATIONS {
            run.step(n).await;
        }
        let mut expected = std::mem::take(&mut run.deleted);
        for user in &run.people {
            run.entries_of(*user, None).await.iter().for_each(|entry| add(&mut expected, entry, entry.storage_status.as_str()));
        }
        assert!(expected.keys().any(|line| line.3 == "deleted") && expected.len() > 20, "the run was too tame: {expected:?}");
        assert_eq!(told(&store).await, expected);
        assert_eq!(told_by_hour(&store).await, without_tier(&expected));
        let mut reader = store.read().await.unwrap();
        assert_eq!(hours::durations(&mut reader, 0).await.unwrap(), durations::since(&mut reader, 0).await.unwrap());
    }

    async fn numbers_in_metadata_come_back_to_the_last_digit(store: Store) {
        let ada = person(&store, "ada").await;
        let mut chance = Chance::seeded(3);
        for n in 0..20 {
            let facts = (0..20).fold(Metadata::default(), |facts, i| facts.with(&format!("x{i}"), chance.fraction() * 10_f64.powi(n - 10)));
            let made = EntryDraft { metadata: facts.clone(), ..draft(Status::Info, "Measured") };
            let made = create_work_log(&store, NOW, ada, made, Origin::default()).await.unwrap();
            let read = work_logs::find(&mut store.read().await.unwrap(), ada, made.id).await.unwrap().unwrap();
            assert_eq!(read.metadata, facts);
        }
    }
}

async fn told(store: &Store) -> Totals {
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

/// Entries, tokens read and tokens written by day, type and status, as the totals by hour have
/// them.
async fn told_by_hour(store: &Store) -> BTreeMap<(i64, String, String), [i64; 3]> {
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

/// A seeded run of changes, and the deleted entries it has to be told of.
struct Run<'a> {
    store: &'a Store,
    chance: Chance,
    people: Vec<UserId>,
    places: Vec<(UserId, ConversationId)>,
    deleted: Totals,
}

impl<'a> Run<'a> {
    async fn begin(store: &'a Store, seed: u64) -> Self {
        let people = vec![person(store, "ada").await, person(store, "bob").await];
        let mut places = Vec::new();
        for n in 0..6 {
            let user = people[n % 2];
            places.push((user, conversation(store, user, "Talk").await.id));
        }
        Self {
            store,
            chance: Chance::seeded(seed),
            people,
            places,
            deleted: Totals::new(),
        }
    }

    async fn entries_of(&self, user: UserId, place: Option<ConversationId>) -> Vec<WorkLogEntry> {
        let filter = work_logs::EntryFilter {
            conversation_id: place,
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
        let user = self.chance.one_of(&self.people);
        let ids: Vec<EntryId> = self
            .entries_of(user, None)
            .await
            .iter()
            .map(|entry| entry.id)
            .collect();
        match self.chance.below(20) {
            0..10 => self.create(now, user).await,
            10..16 if !ids.is_empty() => {
                let (id, patch) = (self.chance.one_of(&ids), self.patch());
                // settled work that should start again is refused, and must leave the totals alone
                let _ = update_work_log(self.store, now, user, id, patch).await;
            }
            16 | 17 if !ids.is_empty() => {
                let id = self.chance.one_of(&ids);
                let entry = work_logs::find(&mut self.store.read().await.unwrap(), user, id)
                    .await
                    .unwrap()
                    .unwrap();
                delete_work_log(self.store, now, user, id).await.unwrap();
                add(&mut self.deleted, &entry, "deleted");
            }
            18 => drop(sweep_leases(self.store, now).await.unwrap()),
            19 if self.places.len() > 2 && n % 2 == 0 => self.delete_conversation_rows(now).await,
            _ => {}
        }
    }

    async fn create(&mut self, now: Timestamp, user: UserId) {
        let place = self
            .places
            .iter()
            .find(|(owner, _)| *owner == user)
            .map(|(_, id)| *id);
        let made = EntryDraft {
            conversation_id: place.filter(|_| self.chance.below(2) == 0),
            log_type: self.chance.one_of(LogType::ALL),
            details: (self.chance.below(2) == 0)
                .then(|| "é".repeat(self.chance.below(50) as usize)),
            metadata: self.facts(),
            duration_ms: (self.chance.below(2) == 0).then(|| self.chance.below(9_000) as i64),
            ..draft(self.chance.one_of(Status::ALL), "Ünïcode title")
        };
        create_work_log(self.store, now, user, made, Origin::default())
            .await
            .unwrap();
    }

    fn facts(&mut self) -> Metadata {
        let facts = Metadata::default()
            .with("inputTokens", self.chance.below(500))
            .with("temperature", self.chance.fraction());
        let name = self.chance.one_of(&["paint", "write"]);
        let facts = facts
            .with("tool", name)
            .with("model", name)
            .with("fallback", self.chance.below(2) == 0);
        if self.chance.below(2) == 0 {
            facts.with("outputTokens", self.chance.below(500))
        } else {
            facts
        }
    }

    fn patch(&mut self) -> EntryPatch {
        EntryPatch {
            status: (self.chance.below(3) > 0).then(|| self.chance.one_of(Status::ALL)),
            title: (self.chance.below(3) == 0)
                .then(|| "x".repeat(1 + self.chance.below(80) as usize)),
            details: (self.chance.below(3) == 0).then_some(None),
            metadata: (self.chance.below(2) == 0).then(|| self.facts().0),
            duration_ms: (self.chance.below(4) == 0).then(|| self.chance.below(9_000) as i64),
            kept: (self.chance.below(5) == 0).then(|| self.chance.below(2) == 0),
            lease_ms: None,
        }
    }

    async fn delete_conversation_rows(&mut self, now: Timestamp) {
        let (user, place) = self.places.remove(0);
        let entries = self.entries_of(user, Some(place)).await;
        delete_conversation_rows(self.store, now, user, place)
            .await
            .unwrap();
        entries
            .iter()
            .for_each(|entry| add(&mut self.deleted, entry, "deleted"));
    }
}
