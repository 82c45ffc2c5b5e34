//! The hourly run. It looks every few minutes whether an hour has passed since the last run of any
//! process, so that a server that is often restarted still runs.

use super::{
    Policy, Report, Run,
    lag::{Lag, lags},
    run_once,
    settings::RetentionConfig,
};
use crate::{
    domain::time::{HOUR_MS, Timestamp},
    server::{
        archive::Tiers,
        base::{
            clock::Clock,
            data_dir::RunnerLock,
            error::{Error, Result},
            metrics::Metrics,
        },
        store::{
            Store, meta,
            retention::{lease, runs},
        },
    },
};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::task::TaskTracker;

/// How often the worker looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(120);
/// How long after a run the next one is due, in milliseconds.
const EVERY_MS: i64 = HOUR_MS;
/// The hourly run works a twentieth of the time, or a ninth of it until it has caught up.
const RESTS: u32 = 19;
const RESTS_BEHIND: u32 = 8;
/// How long passes follow each other at once.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// How long whoever asks for a run waits, give or take a step; the report says whether there is
/// more.
pub const LONGEST_ON_REQUEST: Duration = Duration::from_secs(25);

/// What runs of the server work with; cheap to clone.
#[derive(Clone)]
pub struct Worker {
    /// The rows and the objects.
    pub tiers: Tiers,
    /// The time.
    pub clock: Clock,
    /// At which ages tiers end.
    pub policy: Policy,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Tasks that the server waits for at its end.
    pub tasks: TaskTracker,
}

/// Runs when an hour has passed. Returns when the last run was, here or in another process: until
/// an hour after it there is nothing to run for.
pub async fn run_if_due(
    worker: &Worker,
    last_known: Option<Timestamp>,
) -> Result<Option<Timestamp>> {
    if !is_due(&worker.clock, last_known) {
        return Ok(last_known);
    }
    let last = runs::latest(&mut *worker.tiers.store.read().await?, 1)
        .await?
        .first()
        .map(|(at, _)| *at);
    if is_due(&worker.clock, last) {
        let mut reader = worker.tiers.store.read().await?;
        let mut lags = lags(&mut reader, worker.policy, worker.clock.now()).await?;
        drop(reader);
        lags.retain(Lag::is_behind);
        for Lag { tier, seconds, .. } in &lags {
            tracing::warn!(%tier, seconds, "retention is behind");
        }
        let run = |now| gentle(worker.policy, now, !lags.is_empty());
        let report =
            run_through(&worker.tiers, &worker.clock, run, LONGEST, &worker.metrics).await?;
        return Ok(if report.busy {
            last
        } else {
            Some(worker.clock.now())
        });
    }
    Ok(last)
}

/// A last run in the future was made by a clock that has been set right since.
fn is_due(clock: &Clock, last: Option<Timestamp>) -> bool {
    last.is_none_or(|last| (clock.now().millis() - last.millis()).abs() >= EVERY_MS)
}

/// A run that leaves the database to others most of the time, and less so when the last ones did
/// not keep up.
pub const fn gentle(policy: Policy, now: Timestamp, behind: bool) -> Run {
    Run {
        rests: if behind { RESTS_BEHIND } else { RESTS },
        ..Run::at(policy, now)
    }
}

/// A run that somebody asks for; it goes on when they do not wait for its end.
pub async fn run_on_request(worker: &Worker, trust_clock: bool) -> Result<Report> {
    let here = worker.clone();
    let run = async move {
        let run = |now| Run {
            trust_clock,
            ..Run::at(here.policy, now)
        };
        run_through(
            &here.tiers,
            &here.clock,
            run,
            LONGEST_ON_REQUEST,
            &here.metrics,
        )
        .await
    };
    worker
        .tasks
        .spawn(run)
        .await
        .unwrap_or_else(|ended| Err(Error::Conflict(format!("the run broke off: {ended}"))))
}

/// Runs again and again while there is more to do, for `at_most` so long, and sums up. Each pass is
/// counted and logged.
pub async fn run_through(
    tiers: &Tiers,
    clock: &Clock,
    run: impl Fn(Timestamp) -> Run,
    at_most: Duration,
    metrics: &Metrics,
) -> Result<Report> {
    let began = Instant::now();
    let left = || at_most.saturating_sub(began.elapsed());
    let next = || {
        let run = run(clock.now());
        run_once_counted(
            tiers,
            Run {
                at_most: run.at_most.min(left()),
                ..run
            },
            metrics,
        )
    };
    let mut sum = next().await?;
    while sum.more && !left().is_zero() {
        sum.add(next().await?);
    }
    Ok(sum)
}

/// One run, counted and logged.
async fn run_once_counted(tiers: &Tiers, run: Run, metrics: &Metrics) -> Result<Report> {
    let ran = run_once(tiers, run).await;
    let Ok(report) = &ran else {
        // whoever began it tells why
        metrics.retention_failures.inc();
        return ran;
    };
    metrics
        .retention_failures
        .inc_by(u64::try_from(report.failed).unwrap_or(0));
    metrics
        .retention_orphans
        .inc_by(u64::try_from(report.orphans_deleted).unwrap_or(0));
    if report.did_something() || report.failed > 0 {
        tracing::info!(?report, "retention ran");
    }
    if let Some(waiting) = &report.waiting {
        tracing::warn!(waiting, "deletions wait for an admin's word");
    }
    ran
}

/// Before a command runs, on a database of one process: where neither a server nor another command
/// does, the lease is taken from a process that died. What is returned keeps other commands from
/// that.
pub async fn take_over(store: &Store, data_dir: &Path) -> Result<Option<RunnerLock>> {
    let Some(runner) = Some(data_dir)
        .filter(|_| store.is_single_process())
        .and_then(RunnerLock::take)
    else {
        return Ok(None);
    };
    let mut tx = store.begin().await?;
    lease::clear(&mut tx).await?;
    tx.commit().await?;
    Ok(Some(runner))
}

/// On a database of one process: takes the lease from the process that died and clears what it left
/// half written. Notes when the clock was first seen and the database first used.
pub async fn begin(tiers: &Tiers, config: &RetentionConfig, now: Timestamp) -> Result<()> {
    if let Some(why) = config.short_cron_secret() {
        tracing::warn!("CRON_SECRET {why}");
    }
    let alone = tiers.store.is_single_process();
    if alone && let Err(error) = tiers.archive.clear_unfinished(now).await {
        tracing::warn!(%error, "the archive could not be looked through for unfinished files; the next sweep does it");
    }
    let mut tx = tiers.store.begin().await?;
    if alone {
        lease::clear(&mut tx).await?;
    }
    if runs::last_seen(&mut tx).await?.is_none() {
        runs::see(&mut tx, now).await?;
    }
    meta::note_use(&mut tx, now).await?;
    Ok(tx.commit().await?)
}
