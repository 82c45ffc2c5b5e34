//! One run: take the lease, check the clock, plan, carry out. The time is an argument. A failed
//! step is part of the report and planned again by the next run.

use super::{
    Policy, Report, archiving, clock_guard, damage, expiring,
    plan::{self, Plan, PlanStep},
    sweeping,
    throttle::Throttle,
};
use crate::{
    domain::{StorageStatus, ids::UserId, time::Timestamp},
    server::{
        archive::{Tiers, compaction, delete_object, erasure_log, tiers},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, reach},
            log_targets, new_id,
        },
        store::{
            Tx, holds, hours, meta,
            retention::{
                lease::{self, Fence},
                manifest::Manifest,
                objects, runs,
            },
            stats::Changes,
        },
    },
};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long an interrupted run blocks others, in milliseconds.
const LEASE_MS: i64 = 600_000;
/// Default limit after which a run starts no further step, so that the lease outlasts it; the next
/// run continues.
const MAX_RUN_DURATION: Duration = Duration::from_secs(240);
/// After this many failures of the archive a run no longer uses it.
pub(super) const MAX_ARCHIVE_FAILURES: u32 = 3;
/// Hourly totals deleted per transaction, and maximum number of transactions per run.
const HOURS_BATCH_SIZE: i64 = 1_000;
const MAX_HOURS_BATCHES: u32 = 1_000;

/// The name of the sweep in error messages.
pub(super) const SWEEP: &str = "sweep of orphans";

/// Parameters of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The ages at which tiers end.
    pub policy: Policy,
    /// The time that entries' ages refer to; differs from `wall` in a simulation.
    pub now: Timestamp,
    /// The current time, used for the lease.
    pub wall: Timestamp,
    /// An admin confirms that the clock is correct.
    pub trust_clock: bool,
    /// An admin confirms that archive objects unknown to the database are orphans.
    pub trust_database: bool,
    /// After each transaction the run pauses this many times as long as it worked.
    pub pause_factor: u32,
    /// After this time no further step starts.
    pub max_duration: Duration,
}

impl Run {
    /// A run at the current time, without pauses.
    pub const fn at(policy: Policy, now: Timestamp) -> Self {
        Self {
            policy,
            now,
            wall: now,
            trust_clock: false,
            trust_database: false,
            pause_factor: 0,
            max_duration: MAX_RUN_DURATION,
        }
    }
}

/// Carries out what is due. Fails if the database does, or if another run has taken over; finished
/// steps stay done.
pub async fn run_once(tiers: &Tiers, run: Run) -> Result<Report> {
    let mut tx = tiers.store.begin().await?;
    let fence = lease::take(&mut tx, run.wall, run.wall.plus(LEASE_MS)).await?;
    tx.commit().await?;
    let Some(fence) = fence else {
        return Ok(Report {
            busy: true,
            ..Report::default()
        });
    };
    reach(FailPoint::LeaseTaken).await;
    let started = Instant::now();
    let active = ActiveRun {
        tiers,
        fence,
        run,
        started,
        report: Report::default(),
        archive_failures: 0,
        has_more: false,
        throttle: Throttle::new(run.pause_factor),
    };
    let mut outcome = active.carry_out().await;
    let mut tx = tiers.store.begin().await?;
    lease::release(&mut tx, fence).await?;
    if let Ok(report) = &mut outcome {
        report.took_ms = i64::try_from(started.elapsed().as_millis()).ok();
        record(&mut tx, run, report).await?;
    }
    reach(FailPoint::RunWritten).await;
    tx.commit().await?;
    outcome
}

async fn record(tx: &mut Tx<'_>, run: Run, report: &Report) -> Result<()> {
    meta::record_use(tx, run.wall).await?;
    runs::record(
        tx,
        &new_id::entry(run.wall).to_string(),
        run.wall,
        &json!(report).to_string(),
    )
    .await?;
    if report.waiting.is_none() && run.now == run.wall {
        runs::record_clock(tx, run.now).await?;
    }
    Ok(())
}

/// The plan, and why deletions wait, if they do.
pub(super) async fn plan_run(tiers: &Tiers, run: Run) -> Result<(Plan, Option<String>)> {
    let cut_offs = run.policy.cut_offs(run.now);
    let mut reader = tiers.store.read().await?;
    let waiting = if run.trust_clock {
        None
    } else {
        clock_guard::waiting(&mut reader, run.now, cut_offs.cold).await?
    };
    let plan = plan::plan(&mut reader, cut_offs, waiting.is_none()).await?;
    Ok((plan, waiting))
}

struct ActiveRun<'a> {
    tiers: &'a Tiers,
    fence: Fence,
    run: Run,
    started: Instant,
    report: Report,
    archive_failures: u32,
    /// Whether there is more to do than was planned or done.
    has_more: bool,
    throttle: Throttle,
}

impl ActiveRun<'_> {
    async fn carry_out(mut self) -> Result<Report> {
        let (plan, waiting) = plan_run(self.tiers, self.run).await?;
        self.report.waiting = waiting;
        self.has_more = plan.more;
        for step in plan.steps {
            if self.started.elapsed() > self.run.max_duration && self.report.did_something() {
                self.has_more = true;
                break;
            }
            if self.archive_failures >= MAX_ARCHIVE_FAILURES && step.needs_archive() {
                self.report.failed += 1;
                continue;
            }
            self.run_step(step).await?;
            self.throttle.pause().await;
        }
        if self.archive_failures < MAX_ARCHIVE_FAILURES && self.report.waiting.is_none() {
            let swept = sweeping::sweep(
                self.tiers,
                self.fence,
                self.run.wall,
                self.run.trust_database,
            )
            .await;
            self.report.orphans_deleted += self.or_report(SWEEP, swept)?.unwrap_or(0);
        }
        if self.archive_failures < MAX_ARCHIVE_FAILURES {
            let synced = erasure_log::sync(self.tiers, self.run.wall).await;
            self.or_report("erasure log", synced)?;
        }
        if self.report.waiting.is_none() {
            self.delete_old_hours().await?;
        }
        if self.archive_failures < MAX_ARCHIVE_FAILURES {
            damage::recheck(self.tiers, self.run.wall).await?;
        }
        self.report.more = self.has_more && self.report.did_something();
        Ok(self.report)
    }

    /// Deletes old hourly totals in batches.
    async fn delete_old_hours(&mut self) -> Result<()> {
        for _ in 0..MAX_HOURS_BATCHES {
            let mut tx = tiers::begin_fenced(&self.tiers.store, Some(self.fence)).await?;
            let deleted = hours::delete_old(&mut tx, self.run.wall, HOURS_BATCH_SIZE).await?;
            reach(FailPoint::HoursWritten).await;
            tx.commit().await?;
            self.throttle.pause().await;
            if deleted < HOURS_BATCH_SIZE {
                break;
            }
        }
        Ok(())
    }

    async fn run_step(&mut self, step: PlanStep) -> Result<()> {
        let what = step.to_string();
        let done = self.execute(step).await;
        self.or_report(&what, done).map(drop)
    }

    /// Reports an error and continues, unless another run has taken over.
    fn or_report<T>(&mut self, what: &str, done: Result<T>) -> Result<Option<T>> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Error::Superseded) => Err(Error::Superseded),
            Err(error) => {
                self.archive_failures += u32::from(error.is_unreachable());
                tracing::warn!(
                    target: log_targets::RETENTION_RUN,
                    what, %error, "a step of retention failed; the next run tries again"
                );
                self.report.fail(what, &error);
                Ok(None)
            }
        }
    }

    async fn execute(&mut self, step: PlanStep) -> Result<()> {
        let (tiers, fence, now) = (self.tiers, self.fence, self.run.now);
        let expired = self.run.policy.cut_offs(now).cold;
        let report = &mut self.report;
        match step {
            PlanStep::ExpireRows(user, ids) => {
                report.deleted +=
                    expiring::expire_rows(tiers, fence, user, &ids, &mut self.throttle).await?
            }
            PlanStep::Pack(user, ids) => {
                report.moved_to_warm +=
                    archiving::pack(tiers, fence, user, &ids, &mut self.throttle).await?
            }
            PlanStep::Archive(group) => {
                let moved =
                    archiving::archive(tiers, fence, &group, (expired, now), &mut self.throttle)
                        .await?;
                report.objects_written += moved.objects;
                report.moved(StorageStatus::Cold, moved.cold);
                report.moved(StorageStatus::Archived, moved.archived);
                self.has_more |= moved.more;
            }
            PlanStep::Retier(manifest, tier) => {
                let entries = self.retier(&manifest, tier).await?;
                self.report.moved(tier, entries);
            }
            PlanStep::ExpireObject(manifest) => self.compact(&manifest, Some(expired)).await?,
            PlanStep::Compact(manifest) => self.compact(&manifest, None).await?,
            PlanStep::Remove(user, key) => {
                delete_object::remove(tiers, Some(fence), user, &key, now).await?;
                report.objects_deleted += 1;
            }
        }
        Ok(())
    }

    async fn compact(&mut self, manifest: &Manifest, cut_off: Option<Timestamp>) -> Result<()> {
        let compacted = compaction::compact(
            self.tiers,
            Some(self.fence),
            manifest,
            cut_off,
            self.run.now,
        )
        .await?;
        self.report.deleted += compacted.expired;
        self.report.objects_written += compacted.written;
        self.report.objects_deleted += compacted.deleted;
        Ok(())
    }

    async fn retier(&self, manifest: &Manifest, tier: StorageStatus) -> Result<i64> {
        let (user, key): (UserId, &str) = (manifest.user_id, &manifest.key);
        let mut tx = tiers::begin(&self.tiers.store, Some(self.fence), user).await?;
        let Some(current) = objects::find(&mut tx, user, key).await? else {
            return Ok(0);
        };
        if holds::protects(&mut tx, user, current.conversation_id).await?
            != (tier == StorageStatus::Archived)
        {
            return Ok(0);
        }
        let mut changes = Changes::default();
        current.count_all(&mut changes, -1);
        Manifest {
            tier,
            ..current.clone()
        }
        .count_all(&mut changes, 1);
        changes.write(&mut tx, user).await?;
        objects::set_tier(&mut tx, user, key, tier).await?;
        reach(FailPoint::RetierWritten).await;
        tx.commit().await?;
        reach(FailPoint::Retiered).await;
        Ok(current.entries())
    }
}
