//! What differs between SQLite and PostgreSQL: how to connect, how a transaction begins, and which
//! version is safe.

use super::Result;
use crate::server::base::error::StoreError;
use sqlx::{
    AnyConnection, AnyPool, Connection, Executor,
    any::{AnyPoolOptions, AnyTransactionManager},
};
use sqlx_core::transaction::TransactionManager;
use std::time::Duration;

/// Older versions can lose commits in WAL mode (sqlite.org/wal.html, "The WAL-Reset Bug").
const SQLITE_LEAST: (u32, u32, u32) = (3, 51, 3);
const READERS: u32 = 6;
/// Of these, how many those may have at once who wait for something else meanwhile.
pub(super) const PATIENT_READERS: usize = 4;
const POSTGRES_WRITERS: u32 = 8;
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// What only a writer sets: it counts before the first table is made, and writes each time, which a
/// full disk does not let readers do.
const WRITERS_PRAGMA: &str = "pragma auto_vacuum = incremental;";

/// Settings of every SQLite connection. Whoever fills the log writes it into the database
/// (`wal_autocheckpoint`) only where nobody does that beside
/// ([`Store::tend_log`](super::Store::tend_log)).
const PRAGMAS: &str = "pragma journal_mode = wal; pragma synchronous = full; \
    pragma foreign_keys = on; pragma secure_delete = on; pragma temp_store = memory; \
    pragma wal_autocheckpoint = 16000;";
/// How long a SQLite connection waits for another process's, in milliseconds.
pub(super) const BUSY_TIMEOUT_MS: u32 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Sqlite,
    Postgres,
    /// PostgreSQL behind a pooler that gives out its connections by transaction: what lasts longer
    /// than one, a prepared statement or a lock, is somebody else's in the next.
    Pooled,
}

/// Whether COMMIT waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It does.
    AtCommit,
    /// It does not: what was committed lasts from the next COMMIT on that does.
    Later,
}

impl Backend {
    pub(super) fn of(url: &str, pooled: bool) -> Result<Self> {
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

    pub(super) const fn begin_write(self, lasting: Durability) -> &'static str {
        match (self, lasting) {
            (Self::Sqlite, Durability::AtCommit) => "pragma synchronous = full; begin immediate",
            (Self::Sqlite, Durability::Later) => "pragma synchronous = normal; begin immediate",
            (Self::Postgres, Durability::AtCommit) => "begin",
            (Self::Postgres, Durability::Later) => "begin; set local synchronous_commit = off",
            // the driver names its statements 1, 2, 3; those of whoever had the connection before
            // have the same names
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

    /// How reading begins that needs no snapshot; `None` where it needs no transaction.
    pub(super) const fn begin_look(self) -> Option<&'static str> {
        match self {
            Self::Sqlite | Self::Postgres => None,
            Self::Pooled => Some("begin read only; deallocate all"),
        }
    }

    /// The server's clock, in milliseconds; SQLite has none of its own.
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
            Self::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            // what is prepared cannot be used again
            Self::Pooled => format!(
                "{url}{}statement-cache-capacity=0",
                if url.contains('?') { '&' } else { '?' }
            ),
            Self::Sqlite | Self::Postgres => url.to_owned(),
        };
        // a file does not go away between two uses as a server does, and asking costs a turn of the
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
                        connection.execute(WRITERS_PRAGMA).await?;
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

    pub(super) async fn check(self, pool: &AnyPool) -> Result<()> {
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
        if found < SQLITE_LEAST {
            let (major, minor, patch) = SQLITE_LEAST;
            return Err(StoreError::Unusable(format!(
                "SQLite {version} can lose commits; at least {major}.{minor}.{patch} is needed"
            )));
        }
        Ok(())
    }
}

/// When a disk is full SQLite ends the transaction by itself. The driver does not notice, and would
/// never begin another: so it gets one again to roll back.
async fn end_transaction(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // fails where the transaction is still there, which is as good
        drop(connection.execute("begin").await);
        AnyTransactionManager::rollback(connection).await?;
    }
    Ok(!connection.is_in_transaction())
}
