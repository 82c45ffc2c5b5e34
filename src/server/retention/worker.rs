//! The hourly run. It looks every few minutes whether an hour has passed since the last run of any process, so that a server
//! that is often restarted still runs.

use super::{
    Policy, Report, Retention, Run,
    lag::{Lag, lags},
    run_once,
};
use crate::{
    server::{
        clock::Clock,
        error::{Error, Result},
        metrics::Metrics,
        state::App,
        store::{
            meta,
            retention::{lease, runs},
        },
    },
    timestamp::{HOUR_MS, Timestamp},
};
use std::time::Duration;

/// How often the worker looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(120);
/// How long after a run the next one is due, in milliseconds.
const EVERY_MS: i64 = HOUR_MS;
/// The hourly run works a twentieth of the time, or a ninth of it until it has caught up.
const RESTS: u32 = 19;
const RESTS_BEHIND: u32 = 8;
/// Passes that follow each other at once.
const PASSES: u32 = 500;
/// Passes that one request may take; the report says whether there is more.
const PASSES_ON_REQUEST: u32 = 20;

/// Runs when an hour has passed. Returns when the last run was, here or in another process: until an hour after it there is
/// nothing to run for.
pub async fn look(app: &App, last_known: Option<Timestamp>) -> Result<Option<Timestamp>> {
    if !is_due(app, last_known) {
        return Ok(last_known);
    }
    let last = runs::latest(&mut *app.store.read().await?, 1).await?.first().map(|(at, _)| *at);
    if is_due(app, last) {
        let policy = app.config.retention.policy;
        let behind = lags(&mut app.store.read().await?, policy, app.clock.now()).await?.iter().any(Lag::is_behind);
        let run = |now| gentle(policy, now, behind);
        let report = run_through(&app.retention, &app.clock, run, PASSES, &app.metrics).await?;
        if report.busy {
            return Ok(last);
        }
        if report.did_something() || report.failed > 0 {
            tracing::info!(?report, "retention ran");
        }
        if let Some(waiting) = &report.waiting {
            tracing::warn!(waiting, "deletions wait for an admin's word");
        }
        return Ok(Some(app.clock.now()));
    }
    Ok(last)
}

/// A last run in the future was made by a clock that has been set right since.
fn is_due(app: &App, last: Option<Timestamp>) -> bool {
    last.is_none_or(|last| (app.clock.now().millis() - last.millis()).abs() >= EVERY_MS)
}

/// A run that leaves the database to others most of the time, and less so when the last ones did not keep up.
pub const fn gentle(policy: Policy, now: Timestamp, behind: bool) -> Run {
    Run { rests: if behind { RESTS_BEHIND } else { RESTS }, ..Run::at(policy, now) }
}

/// A run that somebody asks for; it goes on when they do not wait for its end.
pub async fn run_on_request(app: &App, trust_clock: bool) -> Result<Report> {
    let here = app.clone();
    let run = async move {
        let run = |now| Run { trust_clock, ..Run::at(here.config.retention.policy, now) };
        run_through(&here.retention, &here.clock, run, PASSES_ON_REQUEST, &here.metrics).await
    };
    app.tasks.spawn(run).await.unwrap_or_else(|ended| Err(Error::Conflict(format!("the run broke off: {ended}"))))
}

/// Runs again and again while there is more to do, at most `passes` times, and sums up.
pub async fn run_through(
    retention: &Retention,
    clock: &Clock,
    run: impl Fn(Timestamp) -> Run,
    passes: u32,
    metrics: &Metrics,
) -> Result<Report> {
    let counted = |ran: Result<Report>| {
        ran.inspect_err(|_| {
            metrics.retention_failures.inc();
        })
    };
    let mut sum = counted(run_once(retention, run(clock.now())).await)?;
    for _ in 1..passes {
        if !sum.more {
            break;
        }
        sum.add(counted(run_once(retention, run(clock.now())).await)?);
    }
    metrics.retention_failures.inc_by(u64::try_from(sum.failed).unwrap_or(0));
    metrics.retention_orphans.inc_by(u64::try_from(sum.orphans_deleted).unwrap_or(0));
    Ok(sum)
}

/// On a database of one process: takes the lease from the process that died and clears what it left half written. Notes when
/// the clock was first seen and the database first used.
pub async fn begin(app: &App) -> Result<()> {
    let alone = app.store.is_single_process();
    if alone && let Err(error) = app.retention.archive.clear_unfinished(app.clock.now()).await {
        tracing::warn!(%error, "the archive could not be looked through for unfinished files; the next sweep does it");
    }
    let mut tx = app.store.begin().await?;
    if alone {
        lease::clear(&mut tx).await?;
    }
    if runs::last_seen(&mut tx).await?.is_none() {
        runs::see(&mut tx, app.clock.now()).await?;
    }
    meta::in_use_since(&mut tx, app.clock.now()).await?;
    Ok(tx.commit().await?)
}
