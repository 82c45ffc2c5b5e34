//! A turn's sign of life. It ends when the turn was stopped from elsewhere, settled or deleted.

use super::AssistantDeps;
use crate::server::store::{self, Subscription, turns};
use std::time::Duration;

/// How long a turn may go without a sign of life.
pub(super) const LEASE_MS: i64 = 20_000;
/// How often it gives one; also how soon a stop from another process is noticed where nobody was
/// told of it.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(5);
/// Where other processes can stop a turn, how long its owner's changes gather before one is looked
/// for.
const LOOK_AFTER: Duration = Duration::from_millis(200);

/// Renews the turn's lease until it must give up.
pub(super) async fn keep(deps: &AssistantDeps, turn: turns::TurnRef) {
    let mut woken = deps.store.wakeups().subscribe(turn.user_id);
    loop {
        let over = tokio::select! {
            () = tokio::time::sleep(RENEW_EVERY) => renew(deps, turn).await.map(|alive| !alive),
            over = stopped_elsewhere(deps, turn, &mut woken) => over,
        };
        match over {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => {
                tracing::warn!(turn = %turn.id, %error, "a lease could not be renewed; it is tried again")
            }
        }
    }
}

/// Looks whether the turn is over once its owner's feed has moved. In one process a stop cancels
/// the turn directly.
async fn stopped_elsewhere(
    deps: &AssistantDeps,
    turn: turns::TurnRef,
    woken: &mut Subscription,
) -> store::Result<bool> {
    if deps.store.is_single_process() {
        std::future::pending::<()>().await;
    }
    let seen = woken.borrow_and_update().rev;
    if woken.wait_for(|wake| wake.rev > seen).await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(LOOK_AFTER).await;
    turns::is_over(&mut *deps.store.read().await?, turn).await
}

async fn renew(deps: &AssistantDeps, turn: turns::TurnRef) -> store::Result<bool> {
    let mut tx = deps.store.begin().await?;
    let alive = turns::renew(&mut tx, turn, deps.clock.now().plus(LEASE_MS)).await?;
    tx.commit().await?;
    Ok(alive)
}
