//! Read connections, with and without a snapshot.

use sqlx::{Any, AnyConnection, Transaction, pool::PoolConnection};
use std::ops::{Deref, DerefMut};
use tokio::sync::OwnedSemaphorePermit;

/// A read transaction; on a snapshot all reads see the same state.
pub struct Reader {
    transaction: Transaction<'static, Any>,
    /// Its share of the connections for `Store::read_long`.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Reader {
    pub(super) const fn new(
        transaction: Transaction<'static, Any>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            transaction,
            _permit: permit,
        }
    }
}

/// A read connection without a snapshot.
pub enum ReadConn {
    /// A plain connection.
    Connection(PoolConnection<Any>),
    /// A read transaction, which a pooler in transaction mode needs.
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
