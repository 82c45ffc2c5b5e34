//! Tasks of the server that only sleep and call a function of one pass; every one ends with the process.

use super::{
    auth::random_hex,
    chat,
    error::Result,
    retention::worker,
    state::App,
    store::{Relay, daily_use, invitations, sessions, turns, watch_others},
    work_log,
};
use std::time::Duration;

/// How often leases are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// How often what ran out is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(3_600);

/// How many days of use are remembered.
const KEEP_USE_DAYS: i64 = 7;

/// Settles what a process that died has left: on a database of one process, everything unfinished.
pub async fn settle_left_overs(app: &App) -> Result<()> {
    if app.store.is_single_process() {
        let mut tx = app.store.begin().await?;
        turns::expire_all(&mut tx).await?;
        tx.commit().await?;
    }
    worker::begin(app).await?;
    sweep(app).await
}

/// Starts the tasks.
pub fn start(app: &App) {
    repeat(app, SWEEP_EVERY, "sweep of leases", |app| async move { sweep(&app).await });
    repeat(app, worker::LOOK_EVERY, "retention", |app| async move { worker::look(&app).await });
    if app.store.is_single_process() {
        until_the_end(app, watch_others(app.store.clone()));
    } else {
        relay(app);
    }
    repeat(app, TIDY_EVERY, "tidying", |app| async move { tidy(&app).await });
}

/// Tells other processes what moved here, and hears what moved there.
fn relay(app: &App) {
    let relay = Relay::new(app.store.clone(), &app.config.listen_url, &random_hex::<8>());
    until_the_end(app, relay.clone().tell());
    until_the_end(app, relay.clone().hear());
    until_the_end(app, relay.watch());
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

fn repeat<F>(app: &App, every: Duration, what: &'static str, pass: impl Fn(App) -> F + Send + 'static)
where
    F: Future<Output = Result<()>> + Send,
{
    let app = app.clone();
    app.tasks.clone().spawn(async move {
        loop {
            tokio::select! {
                () = app.shutdown.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            if let Err(error) = pass(app.clone()).await {
                tracing::error!(what, %error, "a pass failed; it is tried again");
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
        tracing::warn!(lost, turns, "work was settled whose worker is gone");
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
    Ok(())
}
