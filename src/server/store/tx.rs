//! The writing transaction. Revisions are taken in it and announced after its COMMIT, never before:
//! no listener sees a row that a reload would lose.

use super::{Inner, Result, checkpoints, heads};
use crate::domain::{Epoch, ids::UserId};
use sqlx::{Any, AnyConnection, Transaction};
use std::{
    ops::{Deref, DerefMut},
    sync::atomic::Ordering,
};

/// A writing transaction; dropped without [`commit`](Tx::commit) it leaves no trace.
pub struct Tx<'s> {
    tx: Transaction<'static, Any>,
    store: &'s Inner,
    touched: Vec<(UserId, i64)>,
    leaves_text: bool,
}

impl<'s> Tx<'s> {
    pub(super) fn new(tx: Transaction<'static, Any>, store: &'s Inner) -> Self {
        Self {
            tx,
            store,
            touched: Vec::new(),
            leaves_text: false,
        }
    }

    /// The owner's next revision. It also locks the owner until the end of the transaction, so
    /// revisions of one owner become visible in their order and without holes.
    pub async fn next_rev(&mut self, user: UserId) -> Result<i64> {
        let rev = heads::advance(&mut self.tx, user).await?;
        self.touched.push((user, rev));
        Ok(rev)
    }

    /// Locks the owner, so that what is read from here on cannot change before the end of the
    /// transaction.
    pub async fn lock(&mut self, user: UserId) -> Result<()> {
        if self.is_alone() {
            Ok(())
        } else {
            heads::lock(&mut self.tx, user).await
        }
    }

    /// This life of the database.
    pub(super) fn epoch(&self) -> Epoch {
        self.store.epoch
    }

    /// Whether nobody else writes until its end, as on SQLite.
    pub(super) fn is_alone(&self) -> bool {
        self.store.backend.is_single_process()
    }

    /// Text is deleted in it that nobody shall find any more: soon after COMMIT it goes from the
    /// database's log, too.
    pub(super) fn leaves_text(&mut self) {
        self.leaves_text = true;
    }

    /// Makes it all lasting, then wakes whoever listens.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        let commits = 1 + self.store.counters.commits.fetch_add(1, Ordering::Relaxed);
        for (user, rev) in self.touched {
            self.store.wakeups.committed(user, rev);
        }
        if self.store.backend.is_single_process() && commits.is_multiple_of(checkpoints::COMMITS) {
            self.store.log_filled.notify_one();
        }
        if self.leaves_text {
            self.store.text_left.notify_one();
        }
        Ok(())
    }
}

impl Deref for Tx<'_> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.tx
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}
