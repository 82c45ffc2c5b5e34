//! The 90-day retention of the work log in tiers: rows are packed, moved to the archive and deleted
//! when they expire. No row is deleted before its archived copy was verified.
//!
//! - Runs: `policy` and `settings` define the ages, `plan` what is due, `run` carries it out
//!   (`dry_run` only reports), `worker` repeats it. Steps are in `archiving`, `expiring` and
//!   `sweeping`, and in `archive::compaction`. `clock_guard` stops deletions after a clock jump,
//!   `throttle` limits the load, `report` and `lag` describe progress, `damage` records damaged
//!   objects.
//! - Restoring a backup: `restore` repeats erasures, `reconcile` rebuilds the manifest from the
//!   archive.
//!
//! Objects and reading them are in `archive`. `base::fail_points` names the points at which tests
//! interrupt a run.

pub mod archiving;
pub mod clock_guard;
pub mod damage;
pub mod dry_run;
pub mod lag;
pub mod plan;
pub mod policy;
pub mod reconcile;
pub mod report;
pub mod restore;
pub mod run;
pub mod settings;
pub mod throttle;
pub mod worker;

mod expiring;
mod sweeping;

use super::{
    archive::tiers,
    base::error::Result,
    store::{Store, Tx, retention::lease::Fence},
};
use crate::domain::ids::UserId;

pub use policy::Policy;
pub use report::Report;
pub use run::{Run, run_once};

/// Like [`tiers::begin`], without waiting for the disk. For parts of a run that the next run
/// repeats if a power failure undoes them.
pub(crate) async fn begin_unsynced(store: &Store, fence: Fence, user: UserId) -> Result<Tx<'_>> {
    let mut tx = store.begin_unsynced().await?;
    tiers::check_fence(&mut tx, fence).await?;
    tx.lock(user).await?;
    Ok(tx)
}
