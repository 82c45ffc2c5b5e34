//! Entries that left the database, in object storage (a local directory or S3), and rows and
//! objects read as one list. All requests are bounded in time. Objects are verified against the
//! manifest's SHA-256 and cached decoded. `retention` moves entries here.
//!
//! - `object` is the format; `object_writer` writes objects, `delete_object` deletes them,
//!   `compaction` rewrites them, `copy` copies an archive.
//! - `tiers` is rows and objects together; `reader` merges them, `partial` reports gaps if the
//!   archive is unreachable, `export` reads a user's whole log, `damage_reports` collects damaged
//!   objects.
//! - `pending_delete` is the part of a deletion in the transaction of the rows, `erase` the rest;
//!   `erasure_log` records erasures, `holds` prevents them.

pub mod compaction;
pub mod copy;
pub mod damage_reports;
pub mod delete_object;
pub mod erase;
pub mod erasure_log;
pub mod export;
pub mod holds;
pub mod object;
pub mod object_writer;
pub mod partial;
pub mod pending_delete;
pub mod reader;
pub mod tiers;

use super::{
    base::{
        blocking::run_blocking,
        byte_cache::ByteCache,
        object_storage::{self, folder},
    },
    store::work_logs::StoredEntry,
};
use crate::domain::time::Timestamp;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    path::Path as Key,
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

use partial::GapCollector;

pub use super::base::error::ArchiveError;
pub use damage_reports::DamageReports;
pub use tiers::Tiers;

/// Limit for a request including retries.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(15);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Size of the cache of decoded entries.
const CACHE_BYTES: usize = 32 << 20;

/// What an entry takes beside its texts, roughly.
const ENTRY_BYTES: usize = 512;

/// Decoded objects by key.
type Cache = ByteCache<String, Arc<Vec<StoredEntry>>>;

type Result<T> = std::result::Result<T, ArchiveError>;

/// The archive; cheap to clone.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// The directory, for a local archive.
    folder: Option<Arc<Path>>,
    timeout: Duration,
    cache: Arc<Mutex<Cache>>,
    gaps: Option<GapCollector>,
    damage_reports: DamageReports,
    /// Limits exports that read a page at the same time.
    exports: Arc<Semaphore>,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key without the archive's prefix.
    pub key: String,
    /// When it was written, by the archive's clock.
    pub modified: Timestamp,
}

impl Archive {
    /// Opens the archive at `file:///DIRECTORY` or `s3://BUCKET/PREFIX`; a missing directory is
    /// created. Errors say what to do.
    pub fn open(url: &str) -> std::result::Result<Self, String> {
        if let Some(path) = url.strip_prefix("file://") {
            let path = Path::new(path);
            let store = folder::open(path).map_err(|why| format!("HOLLY_ARCHIVE_URL {why}"))?;
            return Ok(Self {
                folder: Some(path.into()),
                ..Self::with_store(Arc::new(store), "", TOTAL_TIMEOUT)
            });
        }
        let (store, prefix) = object_storage::bucket(url, REQUEST_TIMEOUT)?;
        Ok(Self::with_store(store, &prefix, TOTAL_TIMEOUT))
    }

    /// An archive in an object store, under a prefix. Requests that take longer than `timeout`
    /// fail.
    pub fn with_store(store: Arc<dyn ObjectStore>, prefix: &str, timeout: Duration) -> Self {
        let cache = Arc::new(Mutex::new(ByteCache::new(CACHE_BYTES)));
        let (damage_reports, exports) = (
            DamageReports::default(),
            Arc::new(Semaphore::new(export::MAX_PARALLEL_EXPORTS)),
        );
        Self {
            store,
            prefix: prefix.to_owned(),
            folder: None,
            timeout,
            cache,
            gaps: None,
            damage_reports,
            exports,
        }
    }

    /// The same archive for partial reads, which report gaps and have a short timeout.
    fn for_partial_read(&self, gaps: GapCollector) -> Self {
        Self {
            gaps: Some(gaps),
            ..self.clone()
        }
    }

    /// The same archive with at most this timeout.
    fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            timeout: self.timeout.min(timeout),
            ..self.clone()
        }
    }

    /// The damaged objects its readers found.
    pub const fn damage_reports(&self) -> &DamageReports {
        &self.damage_reports
    }

    /// The collector of gaps, for partial reads.
    const fn gaps(&self) -> Option<&GapCollector> {
        self.gaps.as_ref()
    }

    /// The cached entries of an object.
    fn cached(&self, key: &str) -> Option<Arc<Vec<StoredEntry>>> {
        self.cache().get(key)
    }

    fn key(&self, key: &str) -> Key {
        if self.prefix.is_empty() {
            Key::from(key)
        } else {
            Key::from(format!("{}/{key}", self.prefix))
        }
    }

    /// Writes an object under a free key. Returns `false` if the key exists, whatever its content.
    pub async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<bool> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        match self
            .with_deadline(
                self.store
                    .put_opts(&self.key(key), PutPayload::from(bytes), options),
            )
            .await?
        {
            Ok(_) => Ok(true),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(false),
            Err(error) => Err(unreachable(&error)),
        }
    }

    /// Overwrites a damaged object.
    pub async fn replace(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let result = self
            .with_deadline(self.store.put(&self.key(key), PutPayload::from(bytes)))
            .await?;
        result.map(drop).map_err(|error| unreachable(&error))
    }

    /// Reads a whole object.
    pub async fn get(&self, key: &str) -> Result<Bytes> {
        let path = self.key(key);
        let result = self
            .with_deadline(async { self.store.get(&path).await?.bytes().await })
            .await?;
        result.map_err(|error| match error {
            StoreError::NotFound { .. } => ArchiveError::Missing(key.to_owned()),
            error => unreachable(&error),
        })
    }

    /// Deletes an object; a missing one is no error.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.cache().remove(key);
        match self
            .with_deadline(self.store.delete(&self.key(key)))
            .await?
        {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(unreachable(&error)),
        }
        let Some(file) = self.folder.as_ref().map(|folder| folder.join(key)) else {
            return Ok(());
        };
        run_blocking(move || folder::sync_above(&file))
            .await
            .map_err(|why| ArchiveError::Unreachable(why.to_string()))
    }

    /// Deletes incomplete files written before `before` in a local archive; other stores do that
    /// themselves. Returns their number.
    pub async fn clear_unfinished(&self, before: Timestamp) -> Result<i64> {
        let Some(folder) = self.folder.clone() else {
            return Ok(0);
        };
        let cleared = run_blocking(move || folder::clear_unfinished(&folder, before)).await;
        cleared
            .map(|files| files as i64)
            .map_err(|why| ArchiveError::Unreachable(why.to_string()))
    }

    /// Lists all objects whose key begins with the directory `under`.
    pub fn list(&self, under: &str) -> impl Stream<Item = Result<ListedObject>> + '_ {
        let prefix_len = if self.prefix.is_empty() {
            0
        } else {
            self.prefix.len() + 1
        };
        stream::try_unfold(
            self.store.list(Some(&self.key(under))),
            move |mut listing| async move {
                let Some(listed) = self.with_deadline(listing.next()).await? else {
                    return Ok(None);
                };
                let listed = listed.map_err(|error| unreachable(&error))?;
                let key = listed
                    .location
                    .as_ref()
                    .get(prefix_len..)
                    .unwrap_or_default()
                    .to_owned();
                let modified = Timestamp::from_millis(listed.last_modified.timestamp_millis());
                Ok(Some((ListedObject { key, modified }, listing)))
            },
        )
    }

    /// The entries of the object with this SHA-256, possibly cached.
    pub async fn entries(&self, key: &str, sha256: &str) -> Result<Arc<Vec<StoredEntry>>> {
        if let Some(entries) = self.cached(key) {
            return Ok(entries);
        }
        let entries = Arc::new(self.entries_uncached(key, sha256).await?);
        self.cache()
            .insert(key.to_owned(), entries.clone(), decoded_bytes(&entries));
        Ok(entries)
    }

    /// The entries of the object with this SHA-256, uncached: runs over many objects must not evict
    /// what readers use.
    pub async fn entries_uncached(&self, key: &str, sha256: &str) -> Result<Vec<StoredEntry>> {
        let read = self.read(key, sha256).await;
        self.damage_reports.report(key, &read);
        read
    }

    async fn read(&self, key: &str, sha256: &str) -> Result<Vec<StoredEntry>> {
        let (bytes, sha256) = (self.get(key).await?, sha256.to_owned());
        let decoded = run_blocking(move || match object::hex_sha256(&bytes) == sha256 {
            true => object::decode(&bytes),
            false => Err("its checksum does not match the manifest".to_owned()),
        });
        decoded
            .await
            .map_err(|why| ArchiveError::Damaged(key.to_owned(), why))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn with_deadline<T>(&self, request: impl Future<Output = T>) -> Result<T> {
        let timed_out = |_| {
            ArchiveError::Unreachable(format!("no answer within {} ms", self.timeout.as_millis()))
        };
        tokio::time::timeout(self.timeout, request)
            .await
            .map_err(timed_out)
    }
}

fn unreachable(error: &StoreError) -> ArchiveError {
    ArchiveError::Unreachable(error.to_string())
}

fn decoded_bytes(entries: &[StoredEntry]) -> usize {
    let size = |entry: &StoredEntry| usize::try_from(entry.size()).unwrap_or(0);
    entries.iter().map(|entry| ENTRY_BYTES + size(entry)).sum()
}
