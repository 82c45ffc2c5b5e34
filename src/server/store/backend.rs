//! Differences between SQLite and PostgreSQL: connecting, beginning transactions, and the lowest
//! safe version.

use super::Result;
use crate::server::base::error::StoreError;
use sqlx::{
    AnyConnection, AnyPool, Connection, Executor,
    any::{AnyPoolOptions, AnyTransactionManager},
};
use sqlx_core::transaction::TransactionManager;
use std::time::Duration;

/// Older versions can lose commits in WAL mode (sqlite.org/wal.html, "The WAL-Reset Bug").
const SQLITE_MIN_VERSION: (u32, u32, u32) = (3, 51, 3);
const READERS: u32 = 6;
/// How many of `READERS` long reads may use at once.
pub(super) const MAX_LONG_READERS: usize = 4;
const POSTGRES_WRITERS: u32 = 8;
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// Set by the writer only: it must precede the first table, and it writes to the file on every
/// connect, which would fail for readers when the disk is full.
const WRITER_PRAGMA: &str = "pragma auto_vacuum = incremental;";

/// Settings of every SQLite connection. `wal_autocheckpoint` is high, so a writer runs a checkpoint
/// itself only where [`Store::run_checkpoints`](super::Store::run_checkpoints) does not run.
const PRAGMAS: &str = "pragma journal_mode = wal; pragma synchronous = full; \
    pragma foreign_keys = on; pragma secure_delete = on; pragma temp_store = memory; \
    pragma wal_autocheckpoint = 16000;";
/// How long a SQLite connection waits for the lock of another process, in milliseconds.
pub(super) const BUSY_TIMEOUT_MS: u32 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Sqlite,
    Postgres,
    /// PostgreSQL behind a pooler in transaction mode: prepared statements and session locks do not
    /// survive a transaction.
    Pooled,
}

/// Whether COMMIT waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It waits.
    AtCommit,
    /// It does not wait; the transaction is durable after the next COMMIT that does.
    Later,
}

impl Backend {
    pub(super) fn from_url(url: &str, pooled: bool) -> Result<Self> {
        sqlx::any::install_default_drivers();
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") if pooled => Ok(Self::Pooled),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            _ => Err(StoreError::Unusable(
                "DATABASE_URL must begin with sqlite:// or postgres://".into(),
            )),
        }
    }

    pub(super) const fn is_pooled(self) -> bool {
        matches!(self, Self::Pooled)
    }

    pub(super) const fn is_single_process(self) -> bool {
        matches!(self, Self::Sqlite)
    }

    pub(super) const fn begin_write(self, durability: Durability) -> &'static str {
        match (self, durability) {
            (Self::Sqlite, Durability::AtCommit) => "pragma synchronous = full; begin immediate",
            (Self::Sqlite, Durability::Later) => "pragma synchronous = normal; begin immediate",
            (Self::Postgres, Durability::AtCommit) => "begin",
            (Self::Postgres, Durability::Later) => "begin; set local synchronous_commit = off",
            // the driver names its prepared statements 1, 2, 3; a previous client of the connection
            // may have left the same names
            (Self::Pooled, Durability::AtCommit) => "begin; deallocate all",
            (Self::Pooled, Durability::Later) => {
                "begin; deallocate all; set local synchronous_commit = off"
            }
        }
    }

    pub(super) const fn begin_read(self) -> &'static str {
        match self {
            Self::Sqlite => "begin",
            Self::Postgres => "begin isolation level repeatable read, read only",
            Self::Pooled => "begin isolation level repeatable read, read only; deallocate all",
        }
    }

    /// Begins a read that needs no snapshot; `None` if no transaction is needed.
    pub(super) const fn begin_plain_read(self) -> Option<&'static str> {
        match self {
            Self::Sqlite | Self::Postgres => None,
            Self::Pooled => Some("begin read only; deallocate all"),
        }
    }

    /// Reads the server's clock, in milliseconds; `None` for SQLite, which has no clock of its own.
    pub(super) const fn clock(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres | Self::Pooled => {
                Some("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)")
            }
        }
    }

    pub(super) async fn writers(self, url: &str) -> Result<AnyPool> {
        self.pool(
            url,
            if self == Self::Sqlite {
                1
            } else {
                POSTGRES_WRITERS
            },
            true,
        )
        .await
    }

    pub(super) async fn readers(self, url: &str) -> Result<AnyPool> {
        self.pool(url, READERS, false).await
    }

    async fn pool(self, url: &str, connections: u32, writes: bool) -> Result<AnyPool> {
        let url = match self {
            Self::Sqlite => sqlite_url(url),
            // what is prepared cannot be used again
            Self::Pooled => format!(
                "{url}{}statement-cache-capacity=0",
                if url.contains('?') { '&' } else { '?' }
            ),
            Self::Postgres => url.to_owned(),
        };
        // a file does not disconnect as a server does, and the test costs a round trip to the
        // connection's thread
        let options = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT);
        let options = options.test_before_acquire(self != Self::Sqlite);
        let options = options.before_acquire(|connection, _| Box::pin(end_transaction(connection)));
        let options = options.after_connect(move |connection, _| {
            Box::pin(async move {
                if self == Self::Sqlite {
                    if writes {
                        connection.execute(WRITER_PRAGMA).await?;
                    }
                    let settings = sqlx::AssertSqlSafe(format!(
                        "pragma busy_timeout = {BUSY_TIMEOUT_MS}; {PRAGMAS}"
                    ));
                    connection.execute(settings).await?;
                }
                Ok(())
            })
        });
        Ok(options.connect(&url).await?)
    }

    pub(super) async fn check_version(self, pool: &AnyPool) -> Result<()> {
        if self != Self::Sqlite {
            return Ok(());
        }
        let version: String = sqlx::query_scalar("select sqlite_version()")
            .fetch_one(pool)
            .await?;
        let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
        let found = (
            numbers.next().unwrap_or(0),
            numbers.next().unwrap_or(0),
            numbers.next().unwrap_or(0),
        );
        if found < SQLITE_MIN_VERSION {
            let (major, minor, patch) = SQLITE_MIN_VERSION;
            return Err(StoreError::Unusable(format!(
                "SQLite {version} can lose commits; use {major}.{minor}.{patch} or newer"
            )));
        }
        Ok(())
    }
}

/// The same address, creating a file that is missing.
pub(super) fn sqlite_url(url: &str) -> String {
    if url.contains('?') {
        url.to_owned()
    } else {
        format!("{url}?mode=rwc")
    }
}

/// When the disk is full, SQLite rolls the transaction back itself. The driver does not notice and
/// could not begin another one, so this begins one for it to roll back.
async fn end_transaction(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // fails if the transaction is still open, which is fine
        drop(connection.execute("begin").await);
        AnyTransactionManager::rollback(connection).await?;
    }
    Ok(!connection.is_in_transaction())
}
