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
pub mod compaction;
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

pub(crate) mod expiring;
mod sweeping;

use super::{
    archive::Archive,
    base::error::{Error, Result},
    store::{
        Store, Tx,
        retention::lease::{self, Fence},
    },
};
use crate::domain::ids::UserId;

pub use policy::Policy;
pub use report::Report;
pub use run::{Run, run_once};

/// What retention works on; cheap to clone.
#[derive(Clone)]
pub struct Retention {
    /// The rows.
    pub store: Store,
    /// The objects.
    pub archive: Archive,
}

/// Begins a transaction. As part of a run it fails once another run has begun.
pub(crate) async fn begin_fenced(store: &Store, fence: Option<Fence>) -> Result<Tx<'_>> {
    let mut tx = store.begin().await?;
    if let Some(fence) = fence {
        check(&mut tx, fence).await?;
    }
    Ok(tx)
}

/// The same on one owner's rows and objects.
pub(crate) async fn begin<'s>(
    store: &'s Store,
    fence: Option<Fence>,
    user: UserId,
) -> Result<Tx<'s>> {
    let mut tx = begin_fenced(store, fence).await?;
    tx.lock(user).await?;
    Ok(tx)
}

/// The same for a part of a run that the next run does again when a power cut undoes it: whoever
/// writes after it does not wait for the disk twice.
pub(crate) async fn begin_unsynced(store: &Store, fence: Fence, user: UserId) -> Result<Tx<'_>> {
    let mut tx = store.begin_unsynced().await?;
    check(&mut tx, fence).await?;
    tx.lock(user).await?;
    Ok(tx)
}

async fn check(tx: &mut Tx<'_>, fence: Fence) -> Result<()> {
    if lease::holds(tx, fence).await? {
        Ok(())
    } else {
        Err(Error::Superseded)
    }
}
