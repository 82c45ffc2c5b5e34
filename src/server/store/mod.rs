//! All SQL, one file per table; the same statements run on SQLite and PostgreSQL. No other module
//! uses rows or pools. Writes go through [`Tx`], which assigns revisions and wakes subscribers
//! after COMMIT; reads go through [`Reader`]. Differences between the two databases are in
//! `backend`.

mod backend;
mod backup;
mod checkpoints;
mod conditions;
pub mod entry_size;
mod external_commits;
mod first_connection;
pub mod known_browsers;
mod listening;
mod migrations;
mod old_approvals;
mod outbox;
pub mod packing;
mod reader;
mod sums;
mod tls;
mod tx;
mod wakeups;

pub mod answer_parts;
pub mod api_keys;
pub mod approvals;
pub mod audit;
pub mod changes;
pub mod conversations;
pub mod copy;
pub mod daily_use;
pub mod durations;
pub mod files;
pub mod heads;
pub mod holds;
pub mod hours;
pub mod identities;
pub mod invitations;
pub mod messages;
pub mod meta;
pub mod people;
pub mod removed;
pub mod retention;
pub mod sessions;
pub mod stats;
pub mod tool_grants;
pub mod turns;
pub mod users;
pub mod work_logs;

use crate::domain::{Epoch, time::Timestamp};
use backend::Durability;
use sqlx::AnyPool;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

pub use super::base::error::StoreError;
pub use external_commits::watch_external_commits;
pub use listening::{ListenConnection, Notification, PAYLOAD_MAX};
pub use outbox::{Hint, Outbox, Outgoing};
pub use reader::{ReadConn, Reader};
pub use turns::leases_held;
pub use tx::Tx;
pub use wakeups::{Subscription, Wake, Wakeups};

/// The result of store functions.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The database: one write connection on SQLite (a pool on PostgreSQL) and several read
/// connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writers: AnyPool,
    readers: AnyPool,
    /// Limits how many read connections long reads use at once.
    long_readers: Arc<Semaphore>,
    backend: backend::Backend,
    epoch: Epoch,
    wakeups: Wakeups,
    counters: Counters,
    /// Signalled when SQLite's write-ahead log may be long enough for a checkpoint.
    checkpoint_due: Notify,
    /// Signalled when SQLite's write-ahead log may contain deleted text.
    truncation_due: Notify,
}

/// How often the store was used since it was opened. Workers stay idle while it is unused;
/// `/metrics` reports it.
#[derive(Debug, Default)]
pub struct Counters {
    /// Committed transactions.
    pub commits: AtomicU64,
    /// Read connections and snapshots taken.
    pub reads: AtomicU64,
}

impl Counters {
    /// The sum of all counters.
    pub fn used(&self) -> u64 {
        self.commits.load(Ordering::Relaxed) + self.reads.load(Ordering::Relaxed)
    }
}

impl Store {
    /// Opens the database at `url` (`sqlite://PATH` or `postgres://…`), creates the SQLite file if
    /// needed and runs pending migrations. An existing SQLite database is backed up next to its
    /// file before it is migrated.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with_pooler(url, url).await
    }

    /// Like [`open`](Self::open), for a `url` that may be a pooler in transaction mode. Migrations
    /// then run over `direct`, which bypasses the pooler. Equal addresses mean that there is no
    /// pooler.
    pub async fn open_with_pooler(url: &str, direct: &str) -> Result<Self> {
        Self::connect(url, direct, Some(url)).await
    }

    /// Like [`open_with_pooler`](Self::open_with_pooler), without a backup before migrations.
    pub async fn open_without_backup(url: &str, direct: &str) -> Result<Self> {
        Self::connect(url, direct, None).await
    }

    /// Connects to the database without migrating it. Errors: why it cannot be used, by setting.
    pub async fn check_connection(url: &str, direct: &str) -> std::result::Result<(), Vec<String>> {
        let mut problems = Vec::new();
        match backend::Backend::from_url(url, url != direct) {
            Ok(backend) => {
                let settings = [("DATABASE_URL", url), ("DATABASE_LISTEN_URL", direct)];
                let settings = settings
                    .into_iter()
                    .take(if backend.is_pooled() { 2 } else { 1 });
                for (setting, url) in settings {
                    match first_connection::connect(backend, setting, url).await {
                        Ok(connection) => first_connection::close(connection).await,
                        Err(why) => problems.push(why.to_string()),
                    }
                }
            }
            Err(why) => problems.push(why.to_string()),
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    async fn connect(url: &str, direct: &str, backup_url: Option<&str>) -> Result<Self> {
        let backend = backend::Backend::from_url(url, url != direct)?;
        // kept until the pool has connections of its own: closing the last connection of a SQLite
        // database would write its log into it
        let first = first_connection::connect(backend, "DATABASE_URL", url).await?;
        let writers = backend.writers(url).await?;
        first_connection::close(first).await;
        backend.check_version(&writers).await?;
        if backend.is_pooled() {
            let first = first_connection::connect(backend, "DATABASE_LISTEN_URL", direct).await?;
            first_connection::close(first).await;
            let past = backend.writers(direct).await?;
            migrations::migrate(backend, &past, None).await?;
            past.close().await;
        } else {
            migrations::migrate(backend, &writers, backup_url).await?;
        }
        let readers = backend.readers(url).await?;
        let mut tx = writers
            .begin_with(backend.begin_write(Durability::AtCommit))
            .await?;
        meta::refuse_unfinished_copy(&mut tx).await?;
        let epoch = meta::epoch(&mut tx).await?;
        tx.commit().await?;
        let inner = Inner {
            writers,
            readers,
            long_readers: Arc::new(Semaphore::new(backend::MAX_LONG_READERS)),
            backend,
            epoch,
            wakeups: Wakeups::default(),
            counters: Counters::default(),
            checkpoint_due: Notify::new(),
            truncation_due: Notify::new(),
        };
        // a previous process may have left deleted text in the log
        inner.truncation_due.notify_one();
        let store = Self {
            inner: Arc::new(inner),
        };
        old_approvals::settle(&store).await?;
        Ok(store)
    }

    /// Begins a write transaction; on SQLite it waits for the write connection.
    pub async fn begin(&self) -> Result<Tx<'_>> {
        self.begin_write(Durability::AtCommit).await
    }

    /// Begins a write transaction whose COMMIT does not wait for the disk. Until a transaction of
    /// [`begin`](Self::begin) is committed, a power failure may undo it and everything committed
    /// after it. Use it only for work that is simply repeated, such as moving rows whose copy is
    /// safe.
    pub async fn begin_unsynced(&self) -> Result<Tx<'_>> {
        self.begin_write(Durability::Later).await
    }

    async fn begin_write(&self, durability: Durability) -> Result<Tx<'_>> {
        let tx = self
            .inner
            .writers
            .begin_with(self.inner.backend.begin_write(durability))
            .await?;
        Ok(Tx::new(tx, &self.inner))
    }

    /// Opens a snapshot: all reads see the same state.
    pub async fn read(&self) -> Result<Reader> {
        self.snapshot(None).await
    }

    /// Opens a snapshot for a reader that may also wait for something else, such as the archive.
    /// The number of these is limited, so that connections remain for other readers.
    pub async fn read_long(&self) -> Result<Reader> {
        let permit = tokio::time::timeout(
            backend::ACQUIRE_TIMEOUT,
            self.inner.long_readers.clone().acquire_owned(),
        )
        .await;
        let permit = permit
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        self.snapshot(Some(permit)).await
    }

    async fn snapshot(&self, permit: Option<OwnedSemaphorePermit>) -> Result<Reader> {
        self.inner.counters.reads.fetch_add(1, Ordering::Relaxed);
        Ok(Reader::new(
            self.inner
                .readers
                .begin_with(self.inner.backend.begin_read())
                .await?,
            permit,
        ))
    }

    /// A read connection without a snapshot, for reads that are correct even if rows change between
    /// two statements.
    pub async fn connection(&self) -> Result<ReadConn> {
        self.inner.counters.reads.fetch_add(1, Ordering::Relaxed);
        Ok(match self.inner.backend.begin_plain_read() {
            Some(begin) => ReadConn::Transaction(Reader::new(
                self.inner.readers.begin_with(begin).await?,
                None,
            )),
            None => ReadConn::Connection(self.inner.readers.acquire().await?),
        })
    }

    /// The database server's clock; `None` on SQLite, which only one process uses.
    pub async fn clock(&self) -> Result<Option<Timestamp>> {
        let Some(sql) = self.inner.backend.clock() else {
            return Ok(None);
        };
        let millis = sqlx::query_scalar(sql)
            .fetch_one(&mut *self.connection().await?)
            .await?;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    /// The epoch of this database.
    pub fn epoch(&self) -> Epoch {
        self.inner.epoch
    }

    /// The subscriptions to commits.
    pub fn wakeups(&self) -> &Wakeups {
        &self.inner.wakeups
    }

    /// The usage counters.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Whether only one process may use the database. Work that is unfinished at start then belongs
    /// to a process that has ended.
    pub fn is_single_process(&self) -> bool {
        self.inner.backend.is_single_process()
    }

    /// Waits for running transactions and closes all connections.
    pub async fn close(&self) {
        self.inner.long_readers.close();
        self.inner.writers.close().await;
        self.inner.readers.close().await;
    }
}

/// The placeholders of `rows` rows of `columns` values each, numbered from `first`: `($1, $2), ($3,
/// $4)`. `before` is put before the values of each row.
fn placeholders(first: usize, rows: usize, columns: usize, before: &str) -> String {
    let row = |row: usize| {
        let values = (first + row * columns..first + (row + 1) * columns)
            .map(|n| format!("${n}"))
            .collect::<Vec<_>>()
            .join(", ");
        format!("({before}{values})")
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Parses a stored id, enum value or JSON text.
fn parse_column<T: std::str::FromStr<Err: std::fmt::Display>>(
    what: &'static str,
    text: &str,
) -> Result<T> {
    text.parse().map_err(|why: T::Err| StoreError::Corrupt {
        what,
        why: why.to_string(),
    })
}

fn parse_optional<T: std::str::FromStr<Err: std::fmt::Display>>(
    what: &'static str,
    text: Option<&str>,
) -> Result<Option<T>> {
    text.map(|text| parse_column(what, text)).transpose()
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|why| StoreError::Corrupt {
        what,
        why: why.to_string(),
    })
}
