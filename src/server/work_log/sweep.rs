//! Settles entries whose lease has expired, one batch per call. The loop is in
//! `server::serve::workers`.

use super::settle_interrupted;
use crate::{
    domain::time::Timestamp,
    server::{
        base::error::Result,
        store::{Store, work_logs},
    },
};

/// Maximum number of entries settled in one run.
const BATCH_SIZE: i64 = 200;

/// The result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepReport {
    /// Entries that were settled.
    pub settled: usize,
    /// Whether the batch was full, so that another run should follow at once.
    pub more: bool,
}

/// Settles `working` entries whose lease expired before `now`.
pub async fn sweep_leases(store: &Store, now: Timestamp) -> Result<SweepReport> {
    let lapsed = work_logs::lapsed(&mut *store.read().await?, now, BATCH_SIZE).await?;
    let mut settled = 0;
    for candidate in &lapsed {
        let mut tx = store.begin().await?;
        tx.lock(candidate.user_id).await?;
        if let Some(entry) =
            work_logs::find_lapsed(&mut tx, now, candidate.user_id, candidate.id).await?
        {
            settle_interrupted(&mut tx, now, &entry, "interrupted").await?;
            tx.commit().await?;
            settled += 1;
        }
    }
    Ok(SweepReport {
        settled,
        more: lapsed.len() as i64 == BATCH_SIZE,
    })
}
