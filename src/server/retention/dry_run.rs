//! Reports what a run would do.

use super::{
    Report, Run, archiving,
    plan::{Plan, PlanStep},
    run::{MAX_ARCHIVE_FAILURES, SWEEP, plan_run},
    sweeping,
};
use crate::server::{
    archive::{Tiers, compaction},
    base::error::{Error, Result},
};
use std::time::Instant;

/// Last line of a plan that is not complete.
const MORE_STEPS: &str = "… and more; a run continues until nothing is due";

/// Maximum number of listed orphans.
const MAX_LISTED_ORPHANS: usize = 100;
/// The error if listing the archive takes too long.
const LISTING_TIMED_OUT: &str =
    "listing the archive took too long for a dry run; a run has no such limit";

/// The result of a dry run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DryRun {
    /// The plan the run would carry out.
    pub plan: Plan,
    /// The orphans it would then delete.
    pub orphans: Vec<String>,
    /// The report it would produce. Groups with much text become more objects than counted here.
    pub report: Report,
}

impl DryRun {
    /// The steps as text, and whether there are more.
    pub fn lines(&self) -> Vec<String> {
        let steps = self.plan.steps.iter().map(ToString::to_string);
        let orphans = self
            .orphans
            .iter()
            .take(MAX_LISTED_ORPHANS)
            .map(|key| format!("delete object {key}, which nothing refers to"));
        let others = self.orphans.len().saturating_sub(MAX_LISTED_ORPHANS);
        let others =
            (others > 0).then(|| format!("delete {others} more objects which nothing refers to"));
        steps
            .chain(orphans)
            .chain(others)
            .chain(self.report.more.then(|| MORE_STEPS.to_owned()))
            .collect()
    }
}

/// Simulates a run. Objects that cannot be read, and orphans that a run would refuse to delete, are
/// reported as failures. Like a run it stops after `run.max_duration` and stops using an
/// unreachable archive. Fails if the database does.
pub async fn dry_run(tiers: &Tiers, run: Run) -> Result<DryRun> {
    let (plan, waiting) = plan_run(tiers, run).await?;
    let mut report = Report {
        waiting,
        more: plan.more,
        dry_run: true,
        ..Report::default()
    };
    let (started, mut archive_failures) = (Instant::now(), 0);
    let limits = archiving::ObjectLimits::new(&tiers.store);
    for step in &plan.steps {
        if started.elapsed() > run.max_duration {
            report.more = true;
            break;
        }
        if archive_failures >= MAX_ARCHIVE_FAILURES && step.needs_archive() {
            report.failed += 1;
            continue;
        }
        match step {
            PlanStep::ExpireRows(_, ids) => report.deleted += ids.len() as i64,
            PlanStep::ExpireObject(manifest) | PlanStep::Compact(manifest) => {
                let cut_off = matches!(step, PlanStep::ExpireObject(_))
                    .then(|| run.policy.cut_offs(run.now).cold);
                let preview = compaction::preview(tiers, manifest, cut_off).await;
                archive_failures += u32::from(preview.as_ref().is_err_and(Error::is_unreachable));
                let preview = or_report(&mut report, &step.to_string(), preview)?;
                report.deleted += preview.expired;
                report.objects_written += preview.written;
                report.objects_deleted += preview.deleted;
            }
            PlanStep::Retier(manifest, tier) => report.moved(*tier, manifest.entries()),
            PlanStep::Archive(group) => {
                report.objects_written += limits.object_count(group);
                report.moved(group.tier, group.rows);
            }
            PlanStep::Pack(_, ids) => report.moved_to_warm += ids.len() as i64,
            PlanStep::Remove(..) => report.objects_deleted += 1,
        }
    }
    let mut orphans = Vec::new();
    if archive_failures < MAX_ARCHIVE_FAILURES && report.waiting.is_none() {
        let listing = sweeping::find_orphans(tiers, run.wall, run.trust_database);
        let found = tokio::time::timeout(run.max_duration, listing)
            .await
            .unwrap_or_else(|_| Err(Error::Conflict(LISTING_TIMED_OUT.into())));
        orphans = or_report(&mut report, SWEEP, found)?;
        report.orphans_deleted = orphans.len() as i64;
    }
    Ok(DryRun {
        plan,
        orphans,
        report,
    })
}

/// Reports an error of the archive or a missing confirmation as a failure and continues.
fn or_report<T: Default>(report: &mut Report, what: &str, found: Result<T>) -> Result<T> {
    match found {
        Err(error @ (Error::Archive(_) | Error::Conflict(_))) => {
            report.fail(what, &error);
            Ok(T::default())
        }
        found => found,
    }
}
