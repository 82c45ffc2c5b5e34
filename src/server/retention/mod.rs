//! Ninety days in tiers: rows are packed, moved into the archive, and deleted when they expire.
//! Nothing is deleted before its copy was read back whole.
//!
//! - Runs: `settings` and `policy` say at which age what happens, `plan` what is due, `pass` does
//!   one run of it (`dry_run` only tells), `worker` repeats it; `moving`, `trimming`, `expiring`
//!   and `sweeping` are the steps, `putting` writes an object for them. `guard` mistrusts a clock
//!   that leapt, `pace` rests, `report` and `lag` say how it went, `damage` which objects are not
//!   whole.
//! - People's words: `keeping` what must not expire, `changing` an entry that lies in the archive,
//!   `erasing` from every tier; `erased` lists in the archive what was, and `restoring` makes a
//!   backup fit to be served with both, `adopting` what the archive has instead of what the backup
//!   knew.
//!
//! Objects and how they are read are the room below, `archive`.
//!
//! `fail_points` names the places where tests break in.

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

/// The same for a part of a run that the next run does again when a power cut undoes it: whoever
/// writes after it does not wait for the disk twice.
pub(crate) async fn begin_unsynced(store: &Store, fence: Fence, user: UserId) -> Result<Tx<'_>> {
    let mut tx = store.begin_unsynced().await?;
    tiers::check(&mut tx, fence).await?;
    tx.lock(user).await?;
    Ok(tx)
}
