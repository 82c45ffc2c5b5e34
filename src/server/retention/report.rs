//! Reports of runs and dry runs.

use crate::{
    domain::{StorageStatus, time::Timestamp},
    server::{
        base::error::Result,
        store::{Reader, retention::runs},
    },
};
use serde::{Deserialize, Serialize};

/// Maximum number of error messages in a report; further failures are only counted.
const MAX_MESSAGES: usize = 20;

/// What a run did, or would do with `dry_run`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// Entries made warm.
    pub moved_to_warm: i64,
    /// Entries moved to the archive, or no longer kept or held there.
    pub moved_to_cold: i64,
    /// Entries moved to the archive that are kept or held, or became so there.
    pub moved_to_archived: i64,
    /// Expired entries that were deleted.
    pub deleted: i64,
    /// Objects written.
    pub objects_written: i64,
    /// Objects deleted from the archive.
    pub objects_deleted: i64,
    /// Unreferenced objects deleted.
    pub orphans_deleted: i64,
    /// Steps that failed; the next run repeats them.
    pub failed: i64,
    /// The first error messages.
    pub failures: Vec<String>,
    /// Why deletions wait for an admin's confirmation.
    pub waiting: Option<String>,
    /// Whether another run was in progress, so that this one did nothing.
    pub busy: bool,
    /// Whether there is more to do and another run should follow.
    pub more: bool,
    /// Duration in milliseconds; `None` for dry runs and old reports.
    pub took_ms: Option<i64>,
    /// Whether this was a dry run.
    pub dry_run: bool,
}

/// Start times and reports of the newest runs, newest first.
pub async fn latest(reader: &mut Reader, limit: i64) -> Result<Vec<(Timestamp, Report)>> {
    let runs = runs::latest(reader, limit).await?;
    Ok(runs
        .into_iter()
        .filter_map(|(at, json)| Some((at, serde_json::from_str(&json).ok()?)))
        .collect())
}

impl Report {
    /// Counts entries that moved to a tier of the archive.
    pub const fn moved(&mut self, tier: StorageStatus, entries: i64) {
        match tier {
            StorageStatus::Archived => self.moved_to_archived += entries,
            _ => self.moved_to_cold += entries,
        }
    }

    /// Records a failed step.
    pub fn fail(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.failed += 1;
        if self.failures.len() < MAX_MESSAGES {
            self.failures.push(format!("{what}: {why}"));
        }
    }

    /// Adds the report of a run that followed at once.
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
        self.failures.truncate(MAX_MESSAGES);
        self.waiting = next.waiting;
        self.more = next.more;
        self.took_ms = self
            .took_ms
            .zip(next.took_ms)
            .map(|(one, other)| one + other);
    }

    /// Whether the run changed anything.
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
    fn a_report_without_a_duration_is_read() {
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

/// The result of restoring a backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Users, conversations and entries erased again.
    pub erased: i64,
    /// Objects activated that the backup did not know.
    pub adopted: i64,
    /// Objects of the backup that no longer exist.
    pub missing: i64,
}
