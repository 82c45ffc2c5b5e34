//! What a run would do, told and not done.

use super::{
    Report, Retention, Run,
    pass::planned,
    plan::{Plan, Step},
};
use crate::{
    server::{
        error::{Error, Result},
        store::retention::{holes, manifest::Manifest},
    },
    timestamp::Timestamp,
    work_log::StorageStatus,
};

/// What stands behind a plan that does not show everything.
pub const MORE: &str = "… and more of these; a run goes on until nothing is due";

/// The plan that a run would carry out, and the report that it would give as far as that is known beforehand. An object that cannot be
/// read is told among the failures, as it would be in a run. Errors: the database failed.
pub async fn dry_run(retention: &Retention, run: Run) -> Result<(Plan, Report)> {
    let (plan, waiting) = planned(retention, run).await?;
    let mut report = Report { waiting, more: plan.more, dry_run: true, ..Report::default() };
    for step in &plan.steps {
        match step {
            Step::ExpireRows(_, ids) => report.deleted += ids.len() as i64,
            Step::ExpireObject(manifest) => match expiring_entries(retention, manifest, run.policy.cut_offs(run.now).cold).await {
                Ok(entries) => report.deleted += entries,
                Err(error @ Error::Archive(_)) => report.fail(&step.to_string(), &error),
                Err(error) => return Err(error),
            },
            Step::Retier(manifest, StorageStatus::Archived) => report.moved_to_archived += manifest.entries(),
            Step::Retier(manifest, _) => report.moved_to_cold += manifest.entries(),
            Step::Archive(group) if group.kept => report.moved_to_archived += group.rows,
            Step::Archive(group) => report.moved_to_cold += group.rows,
            Step::Pack(_, ids) => report.moved_to_warm += ids.len() as i64,
            Step::Remove(..) => report.objects_deleted += 1,
            Step::Trim(_) => {}
        }
    }
    Ok((plan, report))
}

async fn expiring_entries(retention: &Retention, manifest: &Manifest, cut_off: Timestamp) -> Result<i64> {
    if manifest.made.1 <= cut_off {
        return Ok(manifest.entries());
    }
    let entries = retention.archive.entries_once(&manifest.key, &manifest.sha256).await?;
    let gone = holes::of(&mut *retention.store.look().await?, manifest.user_id, &manifest.key).await?;
    Ok(entries.iter().filter(|entry| entry.timestamp <= cut_off && !gone.contains(&entry.id)).count() as i64)
}
