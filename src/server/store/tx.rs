//! The write transaction. Revisions are assigned in it and announced only after COMMIT, so no
//! subscriber sees a row that a reload would lose.

use super::{Inner, Result, checkpoints, heads};
use crate::domain::{Epoch, ids::UserId};
use sqlx::{Any, AnyConnection, Transaction};
use std::{
    ops::{Deref, DerefMut},
    sync::atomic::Ordering,
};

/// A write transaction; dropping it without [`commit`](Tx::commit) rolls it back.
pub struct Tx<'s> {
    tx: Transaction<'static, Any>,
    store: &'s Inner,
    changed: Vec<(UserId, i64)>,
    deletes_text: bool,
}

impl<'s> Tx<'s> {
    pub(super) fn new(tx: Transaction<'static, Any>, store: &'s Inner) -> Self {
        Self {
            tx,
            store,
            changed: Vec::new(),
            deletes_text: false,
        }
    }

    /// Takes the owner's next revision. Locks the owner until the end of the transaction, so an
    /// owner's revisions become visible in order and without gaps.
    pub async fn next_rev(&mut self, user: UserId) -> Result<i64> {
        let rev = heads::advance(&mut self.tx, user).await?;
        self.changed.push((user, rev));
        Ok(rev)
    }

    /// Locks the owner, so that rows read from here on cannot change before the end of the
    /// transaction.
    pub async fn lock(&mut self, user: UserId) -> Result<()> {
        if self.is_sole_writer() {
            Ok(())
        } else {
            heads::lock(&mut self.tx, user).await
        }
    }

    /// The epoch of this database.
    pub(super) fn epoch(&self) -> Epoch {
        self.store.epoch
    }

    /// Whether no other transaction can write until this one ends, as on SQLite.
    pub(super) fn is_sole_writer(&self) -> bool {
        self.store.backend.is_single_process()
    }

    /// Marks this transaction as deleting sensitive text: SQLite's write-ahead log is truncated
    /// soon after COMMIT.
    pub(super) fn mark_text_deleted(&mut self) {
        self.deletes_text = true;
    }

    /// Commits, then wakes the subscribers of the changed owners.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        let commits = 1 + self.store.counters.commits.fetch_add(1, Ordering::Relaxed);
        for (user, rev) in self.changed {
            self.store.wakeups.committed(user, rev);
        }
        if self.store.backend.is_single_process()
            && commits.is_multiple_of(checkpoints::COMMITS_PER_CHECK)
        {
            self.store.checkpoint_due.notify_one();
        }
        if self.deletes_text {
            self.store.truncation_due.notify_one();
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
