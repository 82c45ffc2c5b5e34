//! Tasks of the server that only sleep and call a function of one pass; every one ends with the
//! process.

use crate::{
    domain::time::{DAY_MS, Timestamp},
    server::{
        archive::erasure_log,
        base::{
            digest::random_hex,
            error::{Error, Result},
            log_targets,
        },
        chat,
        feed::cluster::{Cluster, PollIntervals},
        files::sweep,
        retention::{damage, worker},
        state::App,
        store::{daily_use, invitations, leases_held, sessions, turns, watch_external_commits},
        work_log,
    },
};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

/// How often leases are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How often what ran out is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);

/// How many days of use are remembered.
const KEEP_USE_DAYS: i64 = 7;

/// Sets the clock by the database's, so that leases mean the same to every process.
pub async fn follow_clock(app: &App) -> Result<()> {
    let asked = app.clock.monotonic();
    if let Some(shared) = app.store.clock().await? {
        let under_way = i64::try_from((app.clock.monotonic() - asked).as_millis()).unwrap_or(0) / 2;
        if let Some(wrong) = app.clock.follow(shared.plus(under_way)) {
            tracing::warn!(
                target: log_targets::SERVE_WORKERS,
                wrong_by_ms = wrong,
                "the clock of this machine differs from the database's, which is followed"
            );
        }
    }
    Ok(())
}

/// Settles what a process that died has left: on a database of one process, everything unfinished.
pub async fn settle_left_overs(app: &App) -> Result<()> {
    follow_clock(app).await?;
    if app.store.is_single_process() {
        let mut tx = app.store.begin().await?;
        turns::expire_all(&mut tx).await?;
        tx.commit().await?;
    }
    worker::begin(&app.tiers, &app.config.retention, app.clock.now()).await?;
    sweep(app).await
}

/// Starts the tasks.
pub fn start(app: &App) {
    repeat(app, SWEEP_EVERY, "sweep of leases", sweeper());
    repeat(app, worker::CHECK_INTERVAL, "retention", tiers());
    repeat(
        app,
        worker::CHECK_INTERVAL,
        "list of erasures",
        listing_erasures(),
    );
    until_the_end(
        app,
        damage::record_forever(app.tiers.clone(), app.clock.clone()),
    );
    if app.store.is_single_process() {
        until_the_end(app, watch_external_commits(app.store.clone()));
        let store = app.store.clone();
        until_the_end(app, async move { store.run_checkpoints().await });
    } else {
        cluster(app);
    }
    let starting = app.clone();
    until_the_end(app, async move {
        if let Err(error) = clear_files(&starting).await {
            tracing::warn!(
                target: log_targets::SERVE_WORKERS,
                %error, "files were not put in order; it is tried again in an hour"
            );
        }
    });
    repeat(
        app,
        TIDY_EVERY,
        "tidying",
        |app| async move { tidy(&app).await },
    );
}

type Job = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Sweeps, but rests while nothing holds a lease and nobody uses the database of several processes,
/// so that it may sleep.
fn sweeper() -> impl Fn(App) -> Job + Send + 'static {
    let rested_at = Arc::new(AtomicU64::new(u64::MAX));
    move |app| {
        let rested_at = rested_at.clone();
        Box::pin(async move {
            if app.store.is_single_process() {
                return sweep(&app).await;
            }
            if app.store.counters().used() == rested_at.load(Ordering::Relaxed) {
                return Ok(());
            }
            follow_clock(&app).await?;
            sweep(&app).await?;
            let at_work = leases_held(&mut *app.store.read().await?).await?;
            rested_at.store(
                if at_work {
                    u64::MAX
                } else {
                    app.store.counters().used()
                },
                Ordering::Relaxed,
            );
            Ok(())
        })
    }
}

/// Looks whether a run of retention is due.
fn tiers() -> impl Fn(App) -> Job + Send + 'static {
    let last = Arc::<Mutex<Option<Timestamp>>>::default();
    move |app| {
        let last = last.clone();
        Box::pin(async move {
            let mut last = last.lock().await;
            *last = worker::run_if_due(&app.retention_worker(), *last).await?;
            Ok(())
        })
    }
}

/// Lists in the archive what was erased, also while a run goes on: should the database be lost, a
/// backup must not bring it back. While nobody uses the database it may sleep.
fn listing_erasures() -> impl Fn(App) -> Job + Send + 'static {
    let used = Arc::<AtomicU64>::default();
    move |app| {
        let used = used.clone();
        Box::pin(async move {
            if app.store.counters().used() != used.load(Ordering::Relaxed) {
                erasure_log::sync(&app.tiers, app.clock.now()).await?;
                used.store(app.store.counters().used(), Ordering::Relaxed);
            }
            Ok(())
        })
    }
}

/// Tells other processes what moved here, and hears what moved there.
fn cluster(app: &App) {
    let cluster = Cluster::new(
        app.store.clone(),
        app.feed.clone(),
        &app.config.listen_url,
        &random_hex::<8>(),
        PollIntervals::default(),
    );
    until_the_end(app, cluster.clone().tell());
    until_the_end(app, cluster.clone().tell_words());
    until_the_end(app, cluster.clone().hear());
    until_the_end(app, cluster.watch());
}

fn until_the_end(app: &App, task: impl Future<Output = ()> + Send + 'static) {
    let shutdown = app.shutdown.clone();
    app.tasks.spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = task => {}
        }
    });
}

/// When the server ends, a pass is left where it is: what it did not commit is not done, as after a
/// crash, and done the next time.
fn repeat<F>(
    app: &App,
    every: Duration,
    what: &'static str,
    pass: impl Fn(App) -> F + Send + 'static,
) where
    F: Future<Output = Result<()>> + Send,
{
    let here = app.clone();
    until_the_end(app, async move {
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = pass(here.clone()).await {
                tracing::error!(
                    target: log_targets::SERVE_WORKERS,
                    what, %error, "a pass failed; it is tried again"
                );
            }
        }
    });
}

/// One pass over turns and entries whose worker was lost.
pub async fn sweep(app: &App) -> Result<()> {
    let turns = chat::sweep_turns(&app.store, app.clock.now()).await?;
    let mut lost = turns;
    loop {
        let swept = work_log::sweep_leases(&app.store, app.clock.now()).await?;
        lost += swept.settled;
        if !swept.more {
            break;
        }
    }
    if lost > 0 {
        tracing::warn!(
            target: log_targets::SERVE_WORKERS,
            lost, turns, "work was settled whose worker is gone"
        );
        app.metrics.interrupted.inc_by(lost as u64);
    }
    Ok(())
}

/// One pass over what ran out.
async fn tidy(app: &App) -> Result<()> {
    let mut tx = app.store.begin().await?;
    let now = app.clock.now();
    sessions::delete_expired(&mut tx, now).await?;
    invitations::delete_expired(&mut tx, now).await?;
    daily_use::delete_before(&mut tx, now.day() - KEEP_USE_DAYS).await?;
    tx.commit().await?;
    app.limits.forget_idle();
    clear_files(app).await
}

/// One pass over files that nobody needs; what an earlier installation kept in the data folder goes
/// to the bucket.
async fn clear_files(app: &App) -> Result<()> {
    let now = app.clock.now();
    let cut_off = app
        .files
        .clear_incomplete(now.plus(-DAY_MS))
        .await
        .map_err(|why| Error::Files(why.to_string()))?;
    let moved = app.files.move_to_bucket().await?;
    let deleted = sweep::delete_marked_files(&app.store, &app.files).await?;
    let orphans = sweep::sweep_files(&app.store, &app.files, now, false).await?;
    if cut_off + moved + deleted + orphans > 0 {
        tracing::info!(
            target: log_targets::SERVE_WORKERS,
            cut_off, moved, deleted, orphans, "files were put in order"
        );
    }
    Ok(())
}
