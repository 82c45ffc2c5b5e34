//! Runs retention hourly. Checks every few minutes whether an hour has passed since the last run of
//! any process, so that it also runs on a server that restarts often.

use super::{
    Policy, Report, Run,
    lag::{Lag, lags},
    run_once,
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

/// How often the worker checks.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(120);
/// Time from a run to the next one, in milliseconds.
const RUN_INTERVAL_MS: i64 = HOUR_MS;
/// Pause factors: the hourly run works a twentieth of the time, or a ninth while it is behind.
const PAUSE_FACTOR: u32 = 19;
const PAUSE_FACTOR_BEHIND: u32 = 8;
/// How long runs follow one another without a break.
const MAX_DURATION: Duration = Duration::from_secs(12 * 3_600);
/// How long a requested run may take, plus its last step; the report says whether there is more to
/// do.
pub const MAX_DURATION_ON_REQUEST: Duration = Duration::from_secs(25);

/// What the runs of a server use; cheap to clone.
#[derive(Clone)]
pub struct Worker {
    /// Rows and objects.
    pub tiers: Tiers,
    /// The clock.
    pub clock: Clock,
    /// The ages at which tiers end.
    pub policy: Policy,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Tasks that the server waits for at shutdown.
    pub tasks: TaskTracker,
}

/// Runs if an hour has passed. Returns the time of the last run of any process; no run is due for
/// an hour after it.
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
        let run = |now| throttled(worker.policy, now, !lags.is_empty());
        let report = run_until_done(
            &worker.tiers,
            &worker.clock,
            run,
            MAX_DURATION,
            &worker.metrics,
        )
        .await?;
        return Ok(if report.busy {
            last
        } else {
            Some(worker.clock.now())
        });
    }
    Ok(last)
}

/// A last run in the future was made with a clock that has been corrected since.
fn is_due(clock: &Clock, last: Option<Timestamp>) -> bool {
    last.is_none_or(|last| (clock.now().millis() - last.millis()).abs() >= RUN_INTERVAL_MS)
}

/// A run with pauses; shorter ones while retention is behind.
pub const fn throttled(policy: Policy, now: Timestamp, behind: bool) -> Run {
    Run {
        pause_factor: if behind {
            PAUSE_FACTOR_BEHIND
        } else {
            PAUSE_FACTOR
        },
        ..Run::at(policy, now)
    }
}

/// Runs on request; the run continues if the request is dropped.
pub async fn run_on_request(worker: &Worker, trust_clock: bool) -> Result<Report> {
    let this = worker.clone();
    let run = async move {
        let run = |now| Run {
            trust_clock,
            ..Run::at(this.policy, now)
        };
        run_until_done(
            &this.tiers,
            &this.clock,
            run,
            MAX_DURATION_ON_REQUEST,
            &this.metrics,
        )
        .await
    };
    worker
        .tasks
        .spawn(run)
        .await
        .unwrap_or_else(|why| Err(Error::Conflict(format!("the run was interrupted: {why}"))))
}

/// Runs repeatedly while there is more to do, at most for `max_duration`, and returns the sum. Each
/// run is counted and logged.
pub async fn run_until_done(
    tiers: &Tiers,
    clock: &Clock,
    run: impl Fn(Timestamp) -> Run,
    max_duration: Duration,
    metrics: &Metrics,
) -> Result<Report> {
    let started = Instant::now();
    let remaining = || max_duration.saturating_sub(started.elapsed());
    let next = || {
        let run = run(clock.now());
        run_once_with_metrics(
            tiers,
            Run {
                max_duration: run.max_duration.min(remaining()),
                ..run
            },
            metrics,
        )
    };
    let mut sum = next().await?;
    while sum.more && !remaining().is_zero() {
        sum.add(next().await?);
    }
    Ok(sum)
}

/// Runs once, with metrics and a log line.
async fn run_once_with_metrics(tiers: &Tiers, run: Run, metrics: &Metrics) -> Result<Report> {
    let result = run_once(tiers, run).await;
    let Ok(report) = &result else {
        // the caller logs the error
        metrics.retention_failures.inc();
        return result;
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
        tracing::warn!(waiting, "deletions need an admin's confirmation");
    }
    result
}

/// For commands on a database of one process: if neither a server nor another command is running,
/// revokes the lease of an interrupted run. The returned lock keeps other commands from doing so.
pub async fn take_over(store: &Store, data_dir: &Path) -> Result<Option<RunnerLock>> {
    let Some(runner) = Some(data_dir)
        .filter(|_| store.is_single_process())
        .and_then(RunnerLock::take)
    else {
        return Ok(None);
    };
    let mut tx = store.begin().await?;
    lease::revoke(&mut tx).await?;
    tx.commit().await?;
    Ok(Some(runner))
}

/// Prepares retention at start. On a database of one process it revokes the lease of an interrupted
/// run and deletes incomplete files. Records the first clock and first use of the database.
pub async fn begin(tiers: &Tiers, now: Timestamp) -> Result<()> {
    let single_process = tiers.store.is_single_process();
    if single_process && let Err(error) = tiers.archive.clear_unfinished(now).await {
        tracing::warn!(
            %error,
            "cannot delete incomplete files in the archive; the next sweep tries again"
        );
    }
    let mut tx = tiers.store.begin().await?;
    if single_process {
        lease::revoke(&mut tx).await?;
    }
    if runs::last_seen(&mut tx).await?.is_none() {
        runs::record_clock(&mut tx, now).await?;
    }
    meta::record_use(&mut tx, now).await?;
    Ok(tx.commit().await?)
}
