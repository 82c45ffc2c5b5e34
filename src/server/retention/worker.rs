//! The hourly run. It looks every few minutes whether an hour has passed since the last run of any
//! process, so that a server that is often restarted still runs.

use super::{
    Policy, Report, Retention, Run,
    lag::{Lag, lags},
    run_once,
};
use crate::{
    domain::time::{HOUR_MS, Timestamp},
    server::{
        base::{
            clock::Clock,
            data_dir::Runner,
            error::{Error, Result},
            metrics::Metrics,
        },
        state::App,
        store::{
            Store, meta,
            retention::{lease, runs},
        },
    },
};
use std::{
    path::Path,
    time::{Duration, Instant},
};

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

/// Runs when an hour has passed. Returns when the last run was, here or in another process: until
/// an hour after it there is nothing to run for.
pub async fn look(app: &App, last_known: Option<Timestamp>) -> Result<Option<Timestamp>> {
    if !is_due(app, last_known) {
        return Ok(last_known);
    }
    let last = runs::latest(&mut *app.store.read().await?, 1)
        .await?
        .first()
        .map(|(at, _)| *at);
    if is_due(app, last) {
        let policy = app.config.retention.policy;
        let mut lags = lags(&mut app.store.read().await?, policy, app.clock.now()).await?;
        lags.retain(Lag::is_behind);
        for Lag { tier, seconds, .. } in &lags {
            tracing::warn!(%tier, seconds, "retention is behind");
        }
        let run = |now| gentle(policy, now, !lags.is_empty());
        let report = run_through(&app.retention, &app.clock, run, LONGEST, &app.metrics).await?;
        return Ok(if report.busy {
            last
        } else {
            Some(app.clock.now())
        });
    }
    Ok(last)
}

/// A last run in the future was made by a clock that has been set right since.
fn is_due(app: &App, last: Option<Timestamp>) -> bool {
    last.is_none_or(|last| (app.clock.now().millis() - last.millis()).abs() >= EVERY_MS)
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
pub async fn run_on_request(app: &App, trust_clock: bool) -> Result<Report> {
    let here = app.clone();
    let run = async move {
        let run = |now| Run {
            trust_clock,
            ..Run::at(here.config.retention.policy, now)
        };
        run_through(
            &here.retention,
            &here.clock,
            run,
            LONGEST_ON_REQUEST,
            &here.metrics,
        )
        .await
    };
    app.tasks
        .spawn(run)
        .await
        .unwrap_or_else(|ended| Err(Error::Conflict(format!("the run broke off: {ended}"))))
}

/// Runs again and again while there is more to do, for `at_most` so long, and sums up. Each pass is
/// counted and logged.
pub async fn run_through(
    retention: &Retention,
    clock: &Clock,
    run: impl Fn(Timestamp) -> Run,
    at_most: Duration,
    metrics: &Metrics,
) -> Result<Report> {
    let began = Instant::now();
    let left = || at_most.saturating_sub(began.elapsed());
    let next = || {
        let run = run(clock.now());
        pass(
            retention,
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
async fn pass(retention: &Retention, run: Run, metrics: &Metrics) -> Result<Report> {
    let ran = run_once(retention, run).await;
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
pub async fn take_over(store: &Store, data_dir: &Path) -> Result<Option<Runner>> {
    let Some(runner) = Some(data_dir)
        .filter(|_| store.is_single_process())
        .and_then(Runner::take)
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
pub async fn begin(app: &App) -> Result<()> {
    if let Some(why) = app.config.retention.short_cron_secret() {
        tracing::warn!("CRON_SECRET {why}");
    }
    let alone = app.store.is_single_process();
    if alone
        && let Err(error) = app
            .retention
            .archive
            .clear_unfinished(app.clock.now())
            .await
    {
        tracing::warn!(%error, "the archive could not be looked through for unfinished files; the next sweep does it");
    }
    let mut tx = app.store.begin().await?;
    if alone {
        lease::clear(&mut tx).await?;
    }
    if runs::last_seen(&mut tx).await?.is_none() {
        runs::see(&mut tx, app.clock.now()).await?;
    }
    meta::note_use(&mut tx, app.clock.now()).await?;
    Ok(tx.commit().await?)
}
