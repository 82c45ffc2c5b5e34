//! What a run would do, told and not done.

use super::{
    Report, Run, archiving,
    plan::{Plan, PlanStep},
    run::{PATIENCE, SWEEP, planned},
    sweeping,
};
use crate::server::{
    archive::{Tiers, compaction},
    base::error::{Error, Result},
};
use std::time::Instant;

/// What stands behind a plan that does not show everything.
const MORE: &str = "… and more of these; a run goes on until nothing is due";

/// Orphans that are named.
const ORPHANS: usize = 100;
/// Why orphans are not told.
const LARGE: &str =
    "the archive could not be looked through in time; a run takes its time for that";

/// What a run would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DryRun {
    /// The plan that it would carry out.
    pub plan: Plan,
    /// The orphans that it would delete after that.
    pub orphans: Vec<String>,
    /// The report that it would give. Groups with much text make more objects than it counts.
    pub report: Report,
}

impl DryRun {
    /// Its steps in words, and whether there are more.
    pub fn told(&self) -> Vec<String> {
        let steps = self.plan.steps.iter().map(ToString::to_string);
        let orphans = self
            .orphans
            .iter()
            .take(ORPHANS)
            .map(|key| format!("delete object {key}, which nothing refers to"));
        let others = self.orphans.len().saturating_sub(ORPHANS);
        let others =
            (others > 0).then(|| format!("delete {others} more objects which nothing refers to"));
        steps
            .chain(orphans)
            .chain(others)
            .chain(self.report.more.then(|| MORE.to_owned()))
            .collect()
    }
}

/// Rehearses a run. An object that cannot be read is told among the failures, as it would be in a
/// run, and so are orphans that it would refuse to delete. It looks at things as long as a run
/// begins steps, and leaves an archive alone that does not answer, as a run does. Errors: the
/// database failed.
pub async fn dry_run(tiers: &Tiers, run: Run) -> Result<DryRun> {
    let (plan, waiting) = planned(tiers, run).await?;
    let mut report = Report {
        waiting,
        more: plan.more,
        dry_run: true,
        ..Report::default()
    };
    let (began, mut refused) = (Instant::now(), 0);
    let bounds = archiving::ObjectLimits::of(&tiers.store);
    for step in &plan.steps {
        if began.elapsed() > run.at_most {
            report.more = true;
            break;
        }
        if refused >= PATIENCE && step.needs_archive() {
            report.failed += 1;
            continue;
        }
        match step {
            PlanStep::ExpireRows(_, ids) => report.deleted += ids.len() as i64,
            PlanStep::ExpireObject(manifest) | PlanStep::Trim(manifest) => {
                let cut_off = matches!(step, PlanStep::ExpireObject(_))
                    .then(|| run.policy.cut_offs(run.now).cold);
                let foreseen = compaction::preview(tiers, manifest, cut_off).await;
                refused += u32::from(foreseen.as_ref().is_err_and(Error::is_unreachable));
                let foreseen = noted(&mut report, &step.to_string(), foreseen)?;
                report.deleted += foreseen.expired;
                report.objects_written += foreseen.written;
                report.objects_deleted += foreseen.deleted;
            }
            PlanStep::Retier(manifest, tier) => report.moved(*tier, manifest.entries()),
            PlanStep::Archive(group) => {
                report.objects_written += bounds.objects_of(group);
                report.moved(group.tier, group.rows);
            }
            PlanStep::Pack(_, ids) => report.moved_to_warm += ids.len() as i64,
            PlanStep::Remove(..) => report.objects_deleted += 1,
        }
    }
    let mut orphans = Vec::new();
    if refused < PATIENCE && report.waiting.is_none() {
        let looking = sweeping::rehearse(tiers, run.wall, run.trust_database);
        let found = tokio::time::timeout(run.at_most, looking)
            .await
            .unwrap_or_else(|_| Err(Error::Conflict(LARGE.into())));
        orphans = noted(&mut report, SWEEP, found)?;
        report.orphans_deleted = orphans.len() as i64;
    }
    Ok(DryRun {
        plan,
        orphans,
        report,
    })
}

/// What the archive does not do, or does only on an admin's word, is told, and the rehearsal goes
/// on.
fn noted<T: Default>(report: &mut Report, what: &str, found: Result<T>) -> Result<T> {
    match found {
        Err(error @ (Error::Archive(_) | Error::Conflict(_))) => {
            report.fail(what, &error);
            Ok(T::default())
        }
        found => found,
    }
}
