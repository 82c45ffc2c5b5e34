//! What is read through: a snapshot, or a connection without one.

use sqlx::{Any, AnyConnection, Transaction, pool::PoolConnection};
use std::ops::{Deref, DerefMut};
use tokio::sync::OwnedSemaphorePermit;

/// A connection to read with, or a snapshot in which all reads see the same moment.
pub struct Reader {
    transaction: Transaction<'static, Any>,
    /// Its place among those of `Store::read_patiently`.
    _place: Option<OwnedSemaphorePermit>,
}

impl Reader {
    pub(super) const fn of(
        transaction: Transaction<'static, Any>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            transaction,
            _place: place,
        }
    }
}

/// A connection to read with that is no snapshot.
pub enum ReadConn {
    /// The connection itself.
    Connection(PoolConnection<Any>),
    /// A transaction, behind a pooler that gives out its connections by transaction.
    Transaction(Reader),
}

impl Deref for ReadConn {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(reader) => reader,
        }
    }
}

impl DerefMut for ReadConn {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(reader) => reader,
        }
    }
}

impl Deref for Reader {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}
