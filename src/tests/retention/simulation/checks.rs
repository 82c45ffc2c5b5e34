//! What must hold after every operation, and once everything has come to rest.

use super::World;
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

impl World {
    pub(super) async fn listed(&self) -> Vec<WorkLogEntry> {
        let mut all = Vec::new();
        for user in self.map.people.iter().chain(&self.erased_people) {
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

    /// What expired may be gone; once it is, it stays so.
    pub(super) async fn forget_expired(&mut self) {
        let there: BTreeSet<EntryId> = self.listed().await.iter().map(|entry| entry.id).collect();
        let gone: Vec<EntryId> = self
            .map
            .known
            .keys()
            .filter(|id| !there.contains(id))
            .copied()
            .collect();
        for id in gone {
            assert!(
                self.may_be_gone(id),
                "{:?} is lost at {}",
                self.map.known[&id],
                self.now
            );
            self.map.known.remove(&id);
            self.expired.insert(id);
        }
    }

    pub(in crate::tests::retention) async fn check(&self) {
        let listed = self.listed().await;
        let ids: Vec<EntryId> = listed.iter().map(|entry| entry.id).collect();
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>().len(),
            ids.len(),
            "an entry is there twice"
        );
        assert_eq!(
            ids.iter().collect::<BTreeSet<_>>(),
            self.map.known.keys().collect(),
            "the tiers hold other entries than the map"
        );
        for entry in &listed {
            let known = &self.map.known[&entry.id];
            assert!(alike(entry, &known.entry), "{entry:?} should be {known:?}");
            let expires = entry.timestamp.plus(self.policy.cold_days * DAY_MS);
            assert_eq!(
                entry.expires_at,
                (!self.is_kept(known)).then_some(expires),
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
            let of_tier: Vec<_> = listed
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
            assert_eq!(sum(|line| line.entries), of_tier.len() as i64, "{tier}");
            let duration: i64 = of_tier.iter().filter_map(|entry| entry.duration_ms).sum();
            assert_eq!(sum(|line| line.duration_ms), duration, "{tier}");
            if of_tier.is_empty() {
                assert_eq!(
                    (sum(|line| line.bytes), sum(|line| line.stored_bytes)),
                    (0, 0),
                    "{tier} holds nothing and takes nothing"
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
            self.created - listed.len() as i64,
            "what was deleted stays counted"
        );
        self.check_hours().await;
    }

    /// The last two days by hour say what was made, whatever became of it. What a restored backup
    /// found anew in the archive is older.
    async fn check_hours(&self) {
        let since = self.ran.hour() - 47;
        let mut expected: BTreeMap<(i64, String, String), (i64, i64)> = BTreeMap::new();
        for entry in self
            .map
            .made
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
        let told = hours::since(&mut self.store.read().await.unwrap(), since)
            .await
            .unwrap();
        let told = told.into_iter().map(|line| {
            (
                (line.hour, line.log_type, line.status),
                (line.entries, line.input_tokens),
            )
        });
        assert_eq!(told.collect::<BTreeMap<_, _>>(), expected, "by hour");
    }

    /// With an honest store everything comes to rest: nothing overdue, no orphan, no object without
    /// a manifest row.
    pub(in crate::tests::retention) async fn settle_everything(&mut self) {
        self.declare([7, 30, 90]).await;
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
            "what a lie called damaged is whole"
        );
        for entry in self.listed().await {
            let age = (self.now.millis() - entry.timestamp.millis()) as f64 / DAY_MS as f64;
            let known = &self.map.known[&entry.id];
            assert!(
                age < 90.0 || self.is_kept(known),
                "{age} days old and still there: {entry:?}"
            );
            match entry.storage_status {
                StorageStatus::Hot => assert!(age < 7.0, "{age} days old and hot"),
                StorageStatus::Warm => assert!(age < 31.0, "{age} days old and warm"),
                tier => {
                    // policies of before may have moved it sooner
                    assert_eq!(
                        (age >= 2.0, tier == StorageStatus::Archived),
                        (true, self.is_kept(known)),
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
        let mut known = Vec::new();
        for user in self.map.people.iter().chain(&self.erased_people) {
            known.extend(
                objects::of_user(&mut self.store.read().await.unwrap(), *user, None)
                    .await
                    .unwrap(),
            );
        }
        let mut known: Vec<String> = known.into_iter().map(|manifest| manifest.key).collect();
        known.sort();
        assert_eq!(listed, known, "objects and manifest");
    }
}

/// Whether two are the same entry in the same state, wherever they lie.
pub(super) fn alike(one: &WorkLogEntry, other: &WorkLogEntry) -> bool {
    let anywhere = |entry: &WorkLogEntry| WorkLogEntry {
        storage_status: StorageStatus::Hot,
        expires_at: None,
        kept_by: None,
        archived_at: None,
        rev: 0,
        ..entry.clone()
    };
    anywhere(one) == anywhere(other)
}
