//! Background tasks of the server. Each sleeps and calls a function for one pass; all are cancelled
//! at shutdown.

use crate::{
    domain::time::{DAY_MS, Timestamp},
    server::{
        archive::erasure_log,
        audit,
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

/// Interval of checking for expired leases.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Interval of forgetting rate limits that are no longer in use.
const FORGET_INTERVAL: Duration = Duration::from_secs(60);
/// Interval of deleting expired sessions, invitations and files.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(3_600);

/// How many days of daily usage are kept.
const USAGE_KEPT_DAYS: i64 = 7;

/// Synchronises the clock with the database's, so leases mean the same to every process.
pub async fn follow_clock(app: &App) -> Result<()> {
    let sent_at = app.clock.monotonic();
    if let Some(shared) = app.store.clock().await? {
        let round_trip = (app.clock.monotonic() - sent_at).as_millis();
        let latency_ms = i64::try_from(round_trip).unwrap_or(0) / 2;
        if let Some(offset_ms) = app.clock.follow(shared.plus(latency_ms)) {
            tracing::warn!(
                target: log_targets::SERVE_WORKERS,
                wrong_by_ms = offset_ms,
                "the clock of this machine differs from the database's; using the database's"
            );
        }
    }
    Ok(())
}

/// Settles unfinished turns and entries of processes that died: all of them if the database is used
/// by a single process, else those whose lease has expired.
pub async fn settle_unfinished_work(app: &App) -> Result<()> {
    follow_clock(app).await?;
    if app.store.is_single_process() {
        let mut tx = app.store.begin().await?;
        turns::expire_all(&mut tx).await?;
        tx.commit().await?;
    }
    worker::begin(&app.tiers, app.clock.now()).await?;
    sweep(app).await
}

/// Starts the tasks.
pub fn start(app: &App) {
    repeat(app, SWEEP_INTERVAL, "sweep of leases", lease_sweeper());
    repeat(app, worker::CHECK_INTERVAL, "retention", retention_runner());
    repeat(
        app,
        worker::CHECK_INTERVAL,
        "erasure log",
        erasure_log_writer(),
    );
    spawn_until_shutdown(
        app,
        damage::record_forever(app.tiers.clone(), app.clock.clone()),
    );
    if app.store.is_single_process() {
        spawn_until_shutdown(app, watch_external_commits(app.store.clone()));
        let store = app.store.clone();
        spawn_until_shutdown(app, async move { store.run_checkpoints().await });
    } else {
        start_cluster(app);
    }
    let app_at_start = app.clone();
    spawn_until_shutdown(app, async move {
        if let Err(error) = clean_up_files(&app_at_start).await {
            tracing::warn!(
                target: log_targets::SERVE_WORKERS,
                %error, "cleaning up files failed; retrying in an hour"
            );
        }
    });
    repeat(app, FORGET_INTERVAL, "rate limits", |app| async move {
        app.limits.forget_idle();
        Ok(())
    });
    repeat(app, CLEANUP_INTERVAL, "cleanup", |app| async move {
        clean_up(&app).await
    });
}

type Job = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Sweeps leases. On a database of several processes it pauses while no lease is held and this
/// process does not use the database, so that a serverless database can suspend.
fn lease_sweeper() -> impl Fn(App) -> Job + Send + 'static {
    // the usage counter when the sweeper paused
    let paused_at = Arc::new(AtomicU64::new(u64::MAX));
    move |app| {
        let paused_at = paused_at.clone();
        Box::pin(async move {
            if app.store.is_single_process() {
                return sweep(&app).await;
            }
            if app.store.counters().used() == paused_at.load(Ordering::Relaxed) {
                return Ok(());
            }
            follow_clock(&app).await?;
            sweep(&app).await?;
            let has_leases = leases_held(&mut *app.store.read().await?).await?;
            paused_at.store(
                if has_leases {
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

/// Runs retention when it is due.
fn retention_runner() -> impl Fn(App) -> Job + Send + 'static {
    let last_run = Arc::<Mutex<Option<Timestamp>>>::default();
    move |app| {
        let last_run = last_run.clone();
        Box::pin(async move {
            let mut last_run = last_run.lock().await;
            *last_run = worker::run_if_due(&app.retention_worker(), *last_run).await?;
            Ok(())
        })
    }
}

/// Mirrors erasures to the archive, also during a run: if the database is lost, a restored backup
/// must not bring erased entries back. Pauses while the database is unused, so that it can suspend.
fn erasure_log_writer() -> impl Fn(App) -> Job + Send + 'static {
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

/// Starts the exchange of changes with other processes.
fn start_cluster(app: &App) {
    let cluster = Cluster::new(
        app.store.clone(),
        app.feed.clone(),
        &app.config.listen_url,
        &random_hex::<8>(),
        PollIntervals::default(),
    );
    spawn_until_shutdown(app, cluster.clone().notify());
    spawn_until_shutdown(app, cluster.clone().read_answers());
    spawn_until_shutdown(app, cluster.clone().listen());
    spawn_until_shutdown(app, cluster.poll());
}

fn spawn_until_shutdown(app: &App, task: impl Future<Output = ()> + Send + 'static) {
    let shutdown = app.shutdown.clone();
    app.tasks.spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = task => {}
        }
    });
}

/// Runs `pass` at an interval. A shutdown drops a running pass: like after a crash, uncommitted
/// work is done by the next one.
fn repeat<F>(
    app: &App,
    interval: Duration,
    what: &'static str,
    pass: impl Fn(App) -> F + Send + 'static,
) where
    F: Future<Output = Result<()>> + Send,
{
    let app_of_task = app.clone();
    spawn_until_shutdown(app, async move {
        loop {
            tokio::time::sleep(interval).await;
            if let Err(error) = pass(app_of_task.clone()).await {
                tracing::error!(
                    target: log_targets::SERVE_WORKERS,
                    what, %error, "a background task failed; retrying"
                );
            }
        }
    });
}

/// Settles turns and entries whose worker was lost.
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
            lost, turns, "settled work whose worker was lost"
        );
        app.metrics.interrupted.inc_by(lost as u64);
    }
    Ok(())
}

/// Deletes expired rows and files.
pub async fn clean_up(app: &App) -> Result<()> {
    let mut tx = app.store.begin().await?;
    let now = app.clock.now();
    sessions::delete_expired(&mut tx, now).await?;
    invitations::delete_expired(&mut tx, now).await?;
    daily_use::delete_before(&mut tx, now.day() - USAGE_KEPT_DAYS).await?;
    tx.commit().await?;
    audit::delete_expired(&app.store, now).await?;
    clean_up_files(app).await
}

/// Deletes files that are not needed, and moves files of the data folder to the bucket if there is
/// one.
async fn clean_up_files(app: &App) -> Result<()> {
    let now = app.clock.now();
    let unfinished = app
        .files
        .clear_incomplete(now.plus(-DAY_MS))
        .await
        .map_err(|why| Error::Files(why.to_string()))?;
    let moved = app.files.move_to_bucket().await?;
    let deleted = sweep::delete_marked_files(&app.store, &app.files).await?;
    let orphans = sweep::sweep_files(&app.store, &app.files, now, false).await?;
    if unfinished + moved + deleted + orphans > 0 {
        tracing::info!(
            target: log_targets::SERVE_WORKERS,
            cut_off = unfinished, moved, deleted, orphans, "cleaned up files"
        );
    }
    Ok(())
}
