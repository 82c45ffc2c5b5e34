//! Ninety days in tiers: rows are packed, moved into the archive, and deleted when they expire. `policy` says at which age,
//! `plan` what is due, `pass` does one run of it, `worker` repeats it; `moving`, `trimming`, `expiring` and `sweeping` are the steps.
//! `archive` is the object storage and `object` its format, `reading` merges rows and archive into one list, with `gaps` where the
//! archive does not answer, `damage` notes what is not whole, `changing` brings an entry back that is to change, `exporting` reads a
//! person's whole log, `erasing` deletes on somebody's word and `erased` lists in the archive what was; `restoring` makes a backup fit
//! to be served with both, `adopting` what the archive has instead of what the backup knew. `fail_points` names the places where tests
//! break in. Nothing is deleted before its copy was read back whole.

pub mod archive;
pub mod changing;
pub mod copying;
pub mod damage;
pub mod erased;
pub mod erasing;
pub mod exporting;
pub mod fail_points;
pub mod gaps;
pub mod keeping;
pub mod lag;
pub mod object;
pub mod pass;
pub mod plan;
pub mod policy;
pub mod reading;
pub mod report;
pub mod restoring;
pub mod settings;
pub mod worker;

mod adopting;
mod aside;
mod cache;
mod expiring;
mod guard;
mod moving;
mod pace;
mod sweeping;
mod trimming;

use super::{
    error::{Error, Result},
    store::{
        Store, Tx,
        retention::lease::{self, Fence},
    },
};
use crate::ids::UserId;

use aside::{aside, behind_others};

pub use archive::{Archive, ArchiveError};
pub use pass::{Run, run_once};
pub use policy::Policy;
pub use report::Report;

/// What retention works on; cheap to clone.
#[derive(Clone)]
pub struct Retention {
    /// The rows.
    pub store: Store,
    /// The objects.
    pub archive: Archive,
}

/// Begins a transaction on one owner's rows and objects. As part of a run it fails once another run has begun.
async fn begin<'s>(store: &'s Store, fence: Option<Fence>, user: UserId) -> Result<Tx<'s>> {
    let mut tx = store.begin().await?;
    if let Some(fence) = fence {
        check(&mut tx, fence).await?;
    }
    tx.lock(user).await?;
    Ok(tx)
}

/// The same for a part of a run that the next run does again when a power cut undoes it: whoever writes after it does not wait
/// for the disk twice.
async fn begin_unsynced(store: &Store, fence: Fence, user: UserId) -> Result<Tx<'_>> {
    let mut tx = store.begin_unsynced().await?;
    check(&mut tx, fence).await?;
    tx.lock(user).await?;
    Ok(tx)
}

async fn check(tx: &mut Tx<'_>, fence: Fence) -> Result<()> {
    if lease::holds(tx, fence).await? { Ok(()) } else { Err(Error::Superseded) }
}
