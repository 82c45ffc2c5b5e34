//! The invariants after every operation, and in the final state.

use super::Simulation;
use crate::{
    domain::{StorageStatus, WorkLogEntry, ids::EntryId, time::DAY_MS},
    server::{
        archive::reader,
        store::{
            hours,
            retention::{damage, objects},
            stats,
            work_logs::EntryFilter,
        },
    },
};
use futures::TryStreamExt;
use std::collections::{BTreeMap, BTreeSet};

impl Simulation {
    pub(super) async fn listed(&self) -> Vec<WorkLogEntry> {
        let mut all = Vec::new();
        for user in self.expected.users.iter().chain(&self.erased_users) {
            let mut before = None;
            loop {
                let filter = EntryFilter::default();
                let page = reader::retry_on_moved_object(&self.store, |mut reader| {
                    let filter = &filter;
                    async move {
                        reader::list(
                            &mut reader,
                            &self.tiers.archive,
                            *user,
                            (filter, false),
                            before,
                            37,
                        )
                        .await
                    }
                });
                let page = page.await.unwrap();
                before = page.last().map(|entry| entry.id);
                all.extend(page);
                if before.is_none() {
                    break;
                }
            }
        }
        all
    }

    /// Removes expired entries that are no longer listed from the expected state, for good.
    pub(super) async fn forget_expired(&mut self) {
        let listed: BTreeSet<EntryId> = self.listed().await.iter().map(|entry| entry.id).collect();
        let deleted: Vec<EntryId> = self
            .expected
            .entries
            .keys()
            .filter(|id| !listed.contains(id))
            .copied()
            .collect();
        for id in deleted {
            assert!(
                self.may_be_gone(id),
                "{:?} is lost at {}",
                self.expected.entries[&id],
                self.now
            );
            self.expected.entries.remove(&id);
            self.expired_entries.insert(id);
        }
    }

    pub(in crate::tests::retention) async fn check(&self) {
        let listed = self.listed().await;
        let ids: Vec<EntryId> = listed.iter().map(|entry| entry.id).collect();
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "an entry is listed twice"
        );
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>(),
            self.expected.entries.keys().collect(),
            "the tiers and the map differ"
        );
        for entry in &listed {
            let expected = &self.expected.entries[&entry.id];
            assert!(
                is_same_entry(entry, &expected.entry),
                "{entry:?} should be {expected:?}"
            );
            let expires = entry.timestamp.plus(self.policy.cold_days * DAY_MS);
            assert_eq!(
                entry.expires_at,
                (!self.is_kept(expected)).then_some(expires),
                "{entry:?}"
            );
        }
        self.check_totals(&listed).await;
    }

    async fn check_totals(&self, listed: &[WorkLogEntry]) {
        let lines = stats::since(&mut self.store.read().await.unwrap(), 0)
            .await
            .unwrap();
        for tier in StorageStatus::ALL {
            let in_tier: Vec<_> = listed
                .iter()
                .filter(|entry| entry.storage_status == *tier)
                .collect();
            let sum = |figure: fn(&stats::StatsLine) -> i64| {
                lines
                    .iter()
                    .filter(|line| line.tier == tier.as_str())
                    .map(figure)
                    .sum::<i64>()
            };
            assert_eq!(sum(|line| line.entries), in_tier.len() as i64, "{tier}");
            let duration: i64 = in_tier.iter().filter_map(|entry| entry.duration_ms).sum();
            assert_eq!(sum(|line| line.duration_ms), duration, "{tier}");
            if in_tier.is_empty() {
                assert_eq!(
                    (sum(|line| line.bytes), sum(|line| line.stored_bytes)),
                    (0, 0),
                    "{tier} is empty but its totals are not"
                );
            }
        }
        let deleted: i64 = lines
            .iter()
            .filter(|line| line.tier == "deleted")
            .map(|line| line.entries)
            .sum();
        assert_eq!(
            deleted,
            self.created_count - listed.len() as i64,
            "deleted entries do not stay counted"
        );
        self.check_hours().await;
    }

    /// The hourly totals of the last two days count every created entry, deleted or not. Entries
    /// that a restored backup found again in the archive are older.
    async fn check_hours(&self) {
        let since = self.last_run_at.hour() - 47;
        let mut expected: BTreeMap<(i64, String, String), (i64, i64)> = BTreeMap::new();
        for entry in self
            .expected
            .created
            .values()
            .filter(|entry| entry.timestamp.hour() >= since)
        {
            let line = (
                entry.timestamp.hour(),
                entry.log_type.to_string(),
                entry.status.to_string(),
            );
            let sums = expected.entry(line).or_default();
            *sums = (
                sums.0 + 1,
                sums.1 + entry.metadata.number("inputTokens").unwrap_or(0),
            );
        }
        let reported = hours::since(&mut self.store.read().await.unwrap(), since)
            .await
            .unwrap();
        let reported = reported.into_iter().map(|line| {
            (
                (line.hour, line.log_type, line.status),
                (line.entries, line.input_tokens),
            )
        });
        assert_eq!(reported.collect::<BTreeMap<_, _>>(), expected, "by hour");
    }

    /// Without faults, three runs leave nothing overdue, no orphan and no object without a manifest
    /// row.
    pub(in crate::tests::retention) async fn settle(&mut self) {
        self.set_policy([7, 30, 90]).await;
        self.now = self.now.plus(3 * DAY_MS);
        for _ in 0..3 {
            self.run().await;
        }
        self.check().await;
        assert_eq!(
            damage::count(&mut self.store.read().await.unwrap())
                .await
                .unwrap(),
            0,
            "an intact object is still recorded as damaged"
        );
        for entry in self.listed().await {
            let age = (self.now.millis() - entry.timestamp.millis()) as f64 / DAY_MS as f64;
            let expected = &self.expected.entries[&entry.id];
            assert!(
                age < 90.0 || self.is_kept(expected),
                "{age} days old and still there: {entry:?}"
            );
            match entry.storage_status {
                StorageStatus::Hot => assert!(age < 7.0, "{age} days old and hot"),
                StorageStatus::Warm => assert!(age < 31.0, "{age} days old and warm"),
                tier => {
                    // an earlier policy may have moved it sooner
                    assert_eq!(
                        (age >= 2.0, tier == StorageStatus::Archived),
                        (true, self.is_kept(expected)),
                        "{age} days old and {tier}"
                    )
                }
            }
        }
        let mut listed: Vec<String> = self
            .tiers
            .archive
            .list("work-log")
            .map_ok(|object| object.key)
            .try_collect()
            .await
            .unwrap();
        listed.sort();
        let mut manifests = Vec::new();
        for user in self.expected.users.iter().chain(&self.erased_users) {
            manifests.extend(
                objects::of_user(&mut self.store.read().await.unwrap(), *user, None)
                    .await
                    .unwrap(),
            );
        }
        let mut keys: Vec<String> = manifests.into_iter().map(|manifest| manifest.key).collect();
        keys.sort();
        assert_eq!(
            listed, keys,
            "objects in the archive and the manifest differ"
        );
    }
}

/// Whether both are the same entry in the same state, in whichever tier.
pub(super) fn is_same_entry(one: &WorkLogEntry, other: &WorkLogEntry) -> bool {
    let without_tier = |entry: &WorkLogEntry| WorkLogEntry {
        storage_status: StorageStatus::Hot,
        expires_at: None,
        kept_by: None,
        archived_at: None,
        rev: 0,
        ..entry.clone()
    };
    without_tier(one) == without_tier(other)
}
