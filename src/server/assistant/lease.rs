//! A turn's sign of life. It ends when the turn was stopped from elsewhere, settled or deleted.

use super::Workshop;
use crate::server::store::{self, turns};
use std::time::Duration;

/// How long a turn may go without a sign of life.
pub(super) const LEASE_MS: i64 = 30_000;
/// How often it gives one; also how soon a stop from another process is noticed.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Renews the turn's lease until it must give up.
pub(super) async fn keep(workshop: &Workshop, turn: turns::TurnRef) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        match renew(workshop, turn).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(turn = %turn.id, %error, "a lease could not be renewed; it is tried again"),
        }
    }
}

async fn renew(workshop: &Workshop, turn: turns::TurnRef) -> store::Result<bool> {
    let mut tx = workshop.store.begin().await?;
    let alive = turns::renew(&mut tx, turn, workshop.clock.now().plus(LEASE_MS)).await?;
    tx.commit().await?;
    Ok(alive)
}
