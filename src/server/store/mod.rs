//! All SQL, one file per table; one text serves SQLite and PostgreSQL. Above this room nobody sees
//! a row or a pool. Writes go through [`Tx`], which takes revisions and wakes readers after COMMIT;
//! reads through [`Reader`]. What differs between the two databases is in `backend`.

mod backend;
mod backup;
mod checkpoints;
mod conditions;
pub mod entry_size;
mod external_commits;
mod listening;
mod migrations;
mod outbox;
pub mod packing;
mod reader;
mod sums;
mod tx;
mod wakeups;

pub mod api_keys;
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
pub use external_commits::watch_others;
pub use listening::{ListenConnection, Notification, PAYLOAD_MAX};
pub use outbox::{Hint, Outbox, Outgoing};
pub use reader::{ReadConn, Reader};
pub use turns::leases_held;
pub use tx::Tx;
pub use wakeups::{Subscription, Wake, Wakeups};

/// What store functions return.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The database: one writing connection on SQLite (a pool on PostgreSQL), several reading.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writers: AnyPool,
    readers: AnyPool,
    /// How many may read patiently at once.
    patient: Arc<Semaphore>,
    backend: backend::Backend,
    epoch: Epoch,
    wakeups: Wakeups,
    counters: Counters,
    /// SQLite's log has grown by enough to be written into the database.
    log_filled: Notify,
    /// Text that was deleted may still lie in SQLite's log.
    text_left: Notify,
}

/// How often the store was used since it was opened: workers rest while it is not, and `/metrics`
/// tells it.
#[derive(Debug, Default)]
pub struct Counters {
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Reading connections and snapshots taken.
    pub reads: AtomicU64,
}

impl Counters {
    /// How often it was used in any way.
    pub fn used(&self) -> u64 {
        self.commits.load(Ordering::Relaxed) + self.reads.load(Ordering::Relaxed)
    }
}

impl Store {
    /// Opens the database at `url` (`sqlite://PATH` or `postgres://…`), creating the file and
    /// bringing the tables up to date. A SQLite database that is not new is copied beside itself
    /// before its tables change.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_past(url, url).await
    }

    /// The same where `url` may lead to a pooler that gives out its connections by transaction.
    /// `direct` then leads past it; equal addresses say that there is none.
    pub async fn open_past(url: &str, direct: &str) -> Result<Self> {
        Self::connect(url, direct, Some(url)).await
    }

    /// The same without a copy of the database before its tables change.
    pub async fn open_without_backup(url: &str, direct: &str) -> Result<Self> {
        Self::connect(url, direct, None).await
    }

    async fn connect(url: &str, direct: &str, back_up: Option<&str>) -> Result<Self> {
        let backend = backend::Backend::of(url, url != direct)?;
        let writers = backend.writers(url).await?;
        backend.check(&writers).await?;
        if backend.is_pooled() {
            let past = backend.writers(direct).await?;
            migrations::migrate(backend, &past, None).await?;
            past.close().await;
        } else {
            migrations::migrate(backend, &writers, back_up).await?;
        }
        let readers = backend.readers(url).await?;
        let mut tx = writers
            .begin_with(backend.begin_write(Durability::AtCommit))
            .await?;
        meta::refuse_half_copied(&mut tx).await?;
        let epoch = meta::epoch(&mut tx).await?;
        tx.commit().await?;
        let inner = Inner {
            writers,
            readers,
            patient: Arc::new(Semaphore::new(backend::PATIENT_READERS)),
            backend,
            epoch,
            wakeups: Wakeups::default(),
            counters: Counters::default(),
            log_filled: Notify::new(),
            text_left: Notify::new(),
        };
        // of whoever had it open before
        inner.text_left.notify_one();
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Begins a writing transaction; on SQLite it waits for its turn.
    pub async fn begin(&self) -> Result<Tx<'_>> {
        self.begin_write(Durability::AtCommit).await
    }

    /// Begins a writing transaction whose COMMIT does not wait for the disk. Until one of
    /// [`begin`](Self::begin) is committed, a power cut may undo it and whatever was committed
    /// after it. Only for what would simply be done again, such as a move whose copy is safe.
    pub async fn begin_unsynced(&self) -> Result<Tx<'_>> {
        self.begin_write(Durability::Later).await
    }

    async fn begin_write(&self, lasting: Durability) -> Result<Tx<'_>> {
        let tx = self
            .inner
            .writers
            .begin_with(self.inner.backend.begin_write(lasting))
            .await?;
        Ok(Tx::new(tx, &self.inner))
    }

    /// A snapshot: everything read through it is of one moment.
    pub async fn read(&self) -> Result<Reader> {
        self.snapshot(None).await
    }

    /// A snapshot for whoever may wait for something else meanwhile, such as the archive: some
    /// connections are left to all others.
    pub async fn read_long(&self) -> Result<Reader> {
        let place = tokio::time::timeout(
            backend::ACQUIRE_TIMEOUT,
            self.inner.patient.clone().acquire_owned(),
        )
        .await;
        let place = place
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        self.snapshot(Some(place)).await
    }

    async fn snapshot(&self, place: Option<OwnedSemaphorePermit>) -> Result<Reader> {
        self.inner.counters.reads.fetch_add(1, Ordering::Relaxed);
        Ok(Reader::of(
            self.inner
                .readers
                .begin_with(self.inner.backend.begin_read())
                .await?,
            place,
        ))
    }

    /// A connection to read with, without a snapshot: for what is right whatever moves between two
    /// statements.
    pub async fn connection(&self) -> Result<ReadConn> {
        self.inner.counters.reads.fetch_add(1, Ordering::Relaxed);
        Ok(match self.inner.backend.begin_look() {
            Some(begin) => ReadConn::Transaction(Reader::of(
                self.inner.readers.begin_with(begin).await?,
                None,
            )),
            None => ReadConn::Connection(self.inner.readers.acquire().await?),
        })
    }

    /// What time it is where several processes meet; `None` on a database of one process.
    pub async fn clock(&self) -> Result<Option<Timestamp>> {
        let Some(sql) = self.inner.backend.clock() else {
            return Ok(None);
        };
        let millis = sqlx::query_scalar(sql)
            .fetch_one(&mut *self.connection().await?)
            .await?;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    /// This life of the database.
    pub fn epoch(&self) -> Epoch {
        self.inner.epoch
    }

    /// Who waits for whose commits.
    pub fn wakeups(&self) -> &Wakeups {
        &self.inner.wakeups
    }

    /// How often it was used.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Whether only one process may use it, so that whatever is unfinished at its start was left by
    /// a dead one.
    pub fn is_single_process(&self) -> bool {
        self.inner.backend.is_single_process()
    }

    /// Waits for commits under way and closes every connection.
    pub async fn close(&self) {
        self.inner.patient.close();
        self.inner.writers.close().await;
        self.inner.readers.close().await;
    }
}

/// The placeholders of `rows` rows of `columns` values each, numbered from `first`: `($1, $2), ($3,
/// $4)`. `before` stands in front of each row's own.
fn marks(first: usize, rows: usize, columns: usize, before: &str) -> String {
    let row = |row: usize| {
        let own = (first + row * columns..first + (row + 1) * columns)
            .map(|n| format!("${n}"))
            .collect::<Vec<_>>()
            .join(", ");
        format!("({before}{own})")
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Reads a stored word, id or JSON text.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    what: &'static str,
    text: &str,
) -> Result<T> {
    text.parse().map_err(|why: T::Err| StoreError::Corrupt {
        what,
        why: why.to_string(),
    })
}

fn parsed_option<T: std::str::FromStr<Err: std::fmt::Display>>(
    what: &'static str,
    text: Option<&str>,
) -> Result<Option<T>> {
    text.map(|text| parsed(what, text)).transpose()
}

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|why| StoreError::Corrupt {
        what,
        why: why.to_string(),
    })
}
