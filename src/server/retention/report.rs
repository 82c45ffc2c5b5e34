//! What a run did, or what a dry one would do.

use crate::{
    domain::{StorageStatus, time::Timestamp},
    server::{
        base::error::Result,
        store::{Reader, retention::runs},
    },
};
use serde::{Deserialize, Serialize};

/// Failures that are told in words; more are only counted.
const TOLD: usize = 20;

/// What a run did, or with `dry_run` what it would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// Entries that became warm: packed in place where that saves enough.
    pub moved_to_warm: i64,
    /// Entries moved into the archive, or let go there.
    pub moved_to_cold: i64,
    /// Entries moved into the archive for as long as they are kept, or found kept there.
    pub moved_to_archived: i64,
    /// Entries deleted because they expired.
    pub deleted: i64,
    /// Objects written.
    pub objects_written: i64,
    /// Objects deleted from the archive.
    pub objects_deleted: i64,
    /// Objects deleted that nothing referred to.
    pub orphans_deleted: i64,
    /// Steps that failed; each is tried again in the next run.
    pub failed: i64,
    /// What the first of them said.
    pub failures: Vec<String>,
    /// Why deletions wait for an admin's word.
    pub waiting: Option<String>,
    /// Another run was going on; this one did nothing.
    pub busy: bool,
    /// There is more to do; another run should follow at once.
    pub more: bool,
    /// How long it took, in milliseconds; older reports and dry runs do not say.
    pub took_ms: Option<i64>,
    /// Nothing was changed.
    pub dry_run: bool,
}

/// The reports of the newest runs, newest first, and when these began.
pub async fn latest(reader: &mut Reader, limit: i64) -> Result<Vec<(Timestamp, Report)>> {
    let ran = runs::latest(reader, limit).await?;
    Ok(ran
        .into_iter()
        .filter_map(|(at, json)| Some((at, serde_json::from_str(&json).ok()?)))
        .collect())
}

impl Report {
    /// Counts entries that moved to one of the tiers of the archive.
    pub const fn moved(&mut self, tier: StorageStatus, entries: i64) {
        match tier {
            StorageStatus::Archived => self.moved_to_archived += entries,
            _ => self.moved_to_cold += entries,
        }
    }

    /// Notes a step that failed.
    pub fn fail(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.failed += 1;
        if self.failures.len() < TOLD {
            self.failures.push(format!("{what}: {why}"));
        }
    }

    /// Adds what a run did that followed at once.
    pub fn add(&mut self, next: Self) {
        self.moved_to_warm += next.moved_to_warm;
        self.moved_to_cold += next.moved_to_cold;
        self.moved_to_archived += next.moved_to_archived;
        self.deleted += next.deleted;
        self.objects_written += next.objects_written;
        self.objects_deleted += next.objects_deleted;
        self.orphans_deleted += next.orphans_deleted;
        self.failed += next.failed;
        self.failures.extend(next.failures);
        self.failures.truncate(TOLD);
        self.waiting = next.waiting;
        self.more = next.more;
        self.took_ms = self
            .took_ms
            .zip(next.took_ms)
            .map(|(one, other)| one + other);
    }

    /// Whether it changed anything.
    pub const fn did_something(&self) -> bool {
        self.moved_to_warm
            + self.moved_to_cold
            + self.moved_to_archived
            + self.deleted
            + self.objects_deleted
            + self.orphans_deleted
            > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_before_runs_were_measured_is_read() {
        let old: Report =
            serde_json::from_str(r#"{"movedToWarm": 3, "deleted": 1, "failures": []}"#).unwrap();
        assert_eq!(
            old,
            Report {
                moved_to_warm: 3,
                deleted: 1,
                ..Report::default()
            }
        );
        let mut sum = Report {
            took_ms: Some(40),
            ..Report::default()
        };
        sum.add(Report {
            took_ms: Some(2),
            ..Report::default()
        });
        assert_eq!(sum.took_ms, Some(42));
    }
}

/// What restoring changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// People, conversations and entries erased again.
    pub erased: i64,
    /// Objects listed that the backup did not know.
    pub adopted: i64,
    /// Objects of the backup that are not there any more.
    pub missing: i64,
}
