//! One run: take the lease, look at the clock, plan, carry out. It asks no clock; a step that fails
//! is told in the report and comes again in the next run's plan.

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

/// How long a run that died keeps others out, in milliseconds.
const LEASE_MS: i64 = 600_000;
/// After so long a run begins no further step: its lease is to outlast it. What is left is the next
/// one's.
const LONGEST: Duration = Duration::from_secs(240);
/// After so many failures of the archive the rest of a run leaves it alone.
pub(super) const PATIENCE: u32 = 3;
/// Totals by hour that one transaction takes out, and most transactions of one run.
const HOURS_AT_ONCE: i64 = 1_000;
const HOURS_ROUNDS: u32 = 1_000;

/// What the sweep is called where it fails.
pub(super) const SWEEP: &str = "sweep of orphans";

/// How a run goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The ages at which tiers end.
    pub policy: Policy,
    /// The time by which entries age: now, or another one in a rehearsal.
    pub now: Timestamp,
    /// The time on the wall, by which the lease runs.
    pub wall: Timestamp,
    /// An admin says that the clock is right.
    pub trust_clock: bool,
    /// An admin says that what the database does not know in the archive is nobody's.
    pub trust_database: bool,
    /// How many times as long as it worked it rests after each transaction, so that others get
    /// their turn.
    pub rests: u32,
    /// After so long it begins no further step.
    pub at_most: Duration,
}

impl Run {
    /// A run by the clock, without rests.
    pub const fn at(policy: Policy, now: Timestamp) -> Self {
        Self {
            policy,
            now,
            wall: now,
            trust_clock: false,
            trust_database: false,
            rests: 0,
            at_most: LONGEST,
        }
    }
}

/// Carries out what is due. Errors: the database failed, or another run took over; what was done
/// stays done.
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
    let began = Instant::now();
    let pass = ActiveRun {
        tiers,
        fence,
        run,
        began,
        report: Report::default(),
        refused: 0,
        left: false,
        throttle: Throttle::new(run.rests),
    };
    let mut done = pass.carry_out().await;
    let mut tx = tiers.store.begin().await?;
    lease::give_back(&mut tx, fence).await?;
    if let Ok(report) = &mut done {
        report.took_ms = i64::try_from(began.elapsed().as_millis()).ok();
        note(&mut tx, run, report).await?;
    }
    reach(FailPoint::RunWritten).await;
    tx.commit().await?;
    done
}

async fn note(tx: &mut Tx<'_>, run: Run, report: &Report) -> Result<()> {
    meta::note_use(tx, run.wall).await?;
    runs::note(
        tx,
        &new_id::entry(run.wall).to_string(),
        run.wall,
        &json!(report).to_string(),
    )
    .await?;
    if report.waiting.is_none() && run.now == run.wall {
        runs::see(tx, run.now).await?;
    }
    Ok(())
}

/// What is due, and why deletions wait if they do.
pub(super) async fn planned(tiers: &Tiers, run: Run) -> Result<(Plan, Option<String>)> {
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
    began: Instant,
    report: Report,
    refused: u32,
    /// There is more to do than was planned or done.
    left: bool,
    throttle: Throttle,
}

impl ActiveRun<'_> {
    async fn carry_out(mut self) -> Result<Report> {
        let (plan, waiting) = planned(self.tiers, self.run).await?;
        self.report.waiting = waiting;
        self.left = plan.more;
        for step in plan.steps {
            if self.began.elapsed() > self.run.at_most && self.report.did_something() {
                self.left = true;
                break;
            }
            if self.refused >= PATIENCE && step.needs_archive() {
                self.report.failed += 1;
                continue;
            }
            self.step(step).await?;
            self.throttle.rest().await;
        }
        if self.refused < PATIENCE && self.report.waiting.is_none() {
            let swept = sweeping::sweep(
                self.tiers,
                self.fence,
                self.run.wall,
                self.run.trust_database,
            )
            .await;
            self.report.orphans_deleted += self.noted(SWEEP, swept)?.unwrap_or(0);
        }
        if self.refused < PATIENCE {
            let mirrored = erasure_log::mirror(self.tiers, self.run.wall).await;
            self.noted("list of erasures", mirrored)?;
        }
        if self.report.waiting.is_none() {
            self.forget_hours().await?;
        }
        if self.refused < PATIENCE {
            damage::look_again(self.tiers, self.run.wall).await?;
        }
        self.report.more = self.left && self.report.did_something();
        Ok(self.report)
    }

    /// Takes out totals by hour that are too old, some at a time. An hour that passes leaves few.
    async fn forget_hours(&mut self) -> Result<()> {
        for _ in 0..HOURS_ROUNDS {
            let mut tx = tiers::begin_fenced(&self.tiers.store, Some(self.fence)).await?;
            let gone = hours::trim(&mut tx, self.run.wall, HOURS_AT_ONCE).await?;
            reach(FailPoint::HoursWritten).await;
            tx.commit().await?;
            self.throttle.rest().await;
            if gone < HOURS_AT_ONCE {
                break;
            }
        }
        Ok(())
    }

    async fn step(&mut self, step: PlanStep) -> Result<()> {
        let what = step.to_string();
        let done = self.do_step(step).await;
        self.noted(&what, done).map(drop)
    }

    /// A failure is told and the run goes on, unless another one has taken over.
    fn noted<T>(&mut self, what: &str, done: Result<T>) -> Result<Option<T>> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(Error::Superseded) => Err(Error::Superseded),
            Err(error) => {
                self.refused += u32::from(error.is_unreachable());
                tracing::warn!(
                    target: log_targets::RETENTION_RUN,
                    what, %error, "a step of retention failed; the next run tries again"
                );
                self.report.fail(what, &error);
                Ok(None)
            }
        }
    }

    async fn do_step(&mut self, step: PlanStep) -> Result<()> {
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
                self.left |= moved.more;
            }
            PlanStep::Retier(manifest, tier) => {
                let entries = self.retier(&manifest, tier).await?;
                self.report.moved(tier, entries);
            }
            PlanStep::ExpireObject(manifest) => self.trim(&manifest, Some(expired)).await?,
            PlanStep::Trim(manifest) => self.trim(&manifest, None).await?,
            PlanStep::Remove(user, key) => {
                delete_object::remove(tiers, Some(fence), user, &key, now).await?;
                report.objects_deleted += 1;
            }
        }
        Ok(())
    }

    async fn trim(&mut self, manifest: &Manifest, cut_off: Option<Timestamp>) -> Result<()> {
        let trimmed = compaction::compact(
            self.tiers,
            Some(self.fence),
            manifest,
            cut_off,
            self.run.now,
        )
        .await?;
        self.report.deleted += trimmed.expired;
        self.report.objects_written += trimmed.written;
        self.report.objects_deleted += trimmed.deleted;
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
        current.shift(&mut changes, -1);
        Manifest {
            tier,
            ..current.clone()
        }
        .shift(&mut changes, 1);
        changes.write(&mut tx, user).await?;
        objects::set_tier(&mut tx, user, key, tier).await?;
        reach(FailPoint::RetierWritten).await;
        tx.commit().await?;
        reach(FailPoint::Retiered).await;
        Ok(current.entries())
    }
}
