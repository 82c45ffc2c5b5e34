//! All tiers together: rows and objects of the work log, and transactions on both.

use super::Archive;
use crate::{
    domain::ids::UserId,
    server::{
        base::error::{Error, Result},
        store::{
            Store, Tx,
            retention::lease::{self, Fence},
        },
    },
};

/// Where the work log is stored; cheap to clone.
#[derive(Clone)]
pub struct Tiers {
    /// The rows.
    pub store: Store,
    /// The objects.
    pub archive: Archive,
}

/// Begins a transaction. With the fence of a run it fails once another run has begun.
pub(crate) async fn begin_fenced(store: &Store, fence: Option<Fence>) -> Result<Tx<'_>> {
    let mut tx = store.begin().await?;
    if let Some(fence) = fence {
        check_fence(&mut tx, fence).await?;
    }
    Ok(tx)
}

/// Like [`begin_fenced`], and locks one owner's rows and objects.
pub(crate) async fn begin<'s>(
    store: &'s Store,
    fence: Option<Fence>,
    user: UserId,
) -> Result<Tx<'s>> {
    let mut tx = begin_fenced(store, fence).await?;
    tx.lock(user).await?;
    Ok(tx)
}

pub(crate) async fn check_fence(tx: &mut Tx<'_>, fence: Fence) -> Result<()> {
    if lease::is_held(tx, fence).await? {
        Ok(())
    } else {
        Err(Error::Superseded)
    }
}
