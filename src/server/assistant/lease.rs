//! Renews a turn's lease. Ends when the turn was stopped by another process, settled or deleted.

use super::AssistantDeps;
use crate::server::store::{self, Subscription, turns};
use std::time::Duration;

/// How long a lease is valid without renewal.
pub(super) const LEASE_MS: i64 = 20_000;
/// The interval of renewals; also the longest time until a stop by another process is noticed if
/// its wake-up is lost.
pub(super) const RENEW_INTERVAL: Duration = Duration::from_secs(5);
/// With several processes, how long changes of the owner are collected before checking for a stop.
const STOP_CHECK_DELAY: Duration = Duration::from_millis(200);

/// Renews the turn's lease; returns once the turn is over.
pub(super) async fn keep(deps: &AssistantDeps, turn: turns::TurnRef) {
    let mut wakes = deps.store.wakeups().subscribe(turn.user_id);
    loop {
        let over = tokio::select! {
            () = tokio::time::sleep(RENEW_INTERVAL) => renew(deps, turn).await.map(|alive| !alive),
            over = stopped_elsewhere(deps, turn, &mut wakes) => over,
        };
        match over {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => {
                tracing::warn!(
                    turn = %turn.id, %error, "a lease could not be renewed; trying again"
                )
            }
        }
    }
}

/// Returns whether the turn is over after its owner's rows have changed. With a single process a
/// stop cancels the turn directly, so this never returns.
async fn stopped_elsewhere(
    deps: &AssistantDeps,
    turn: turns::TurnRef,
    wakes: &mut Subscription,
) -> store::Result<bool> {
    if deps.store.is_single_process() {
        std::future::pending::<()>().await;
    }
    let seen = wakes.borrow_and_update().rev;
    if wakes.wait_for(|wake| wake.rev > seen).await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(STOP_CHECK_DELAY).await;
    turns::is_over(&mut *deps.store.read().await?, turn).await
}

async fn renew(deps: &AssistantDeps, turn: turns::TurnRef) -> store::Result<bool> {
    let mut tx = deps.store.begin().await?;
    let alive = turns::renew(&mut tx, turn, deps.clock.now().plus(LEASE_MS)).await?;
    tx.commit().await?;
    Ok(alive)
}
