//! Entries that left the database: object storage (a local folder, or S3 and what speaks like it),
//! and rows and objects read as one list. Every wait is bounded, so that an archive that does not
//! answer never holds a page for long. What is read is checked against the manifest's SHA-256 and
//! kept decoded for a while. Who moves entries here is `retention`'s matter.
//!
//! - `object` is the format, `cache` what was read lately, `findings` what turned out not to be
//!   whole, `copying` moves it elsewhere.
//! - `reading` merges rows and archive, with `gaps` where the archive does not answer; `exporting`
//!   reads a person's whole log.
//! - `dooming` is the part of a deletion that is one transaction with the rows'.

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

/// How long one request may take, tries included.
const PATIENCE: Duration = Duration::from_secs(15);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Decoded entries kept in memory, in bytes of their text.
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
    /// Where it lies, if it is a folder.
    folder: Option<Arc<Path>>,
    patience: Duration,
    cache: Arc<Mutex<Cache>>,
    gaps: Option<GapCollector>,
    findings: DamageReports,
    /// Exports that read a page at this moment.
    exports: Arc<Semaphore>,
}

/// An object as a listing tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key, without the archive's prefix.
    pub key: String,
    /// When it was put, by the archive's own clock.
    pub modified: Timestamp,
}

impl Archive {
    /// Opens the archive at `file:///FOLDER` or `s3://BUCKET/PREFIX`; the folder is made where it
    /// is missing. Errors say what to do.
    pub fn open(url: &str) -> std::result::Result<Self, String> {
        if let Some(path) = url.strip_prefix("file://") {
            let path = Path::new(path);
            let store = folder::open(path).map_err(|why| format!("HOLLY_ARCHIVE_URL {why}"))?;
            return Ok(Self {
                folder: Some(path.into()),
                ..Self::over(Arc::new(store), "", PATIENCE)
            });
        }
        let (store, prefix) = object_storage::bucket(url, REQUEST_TIMEOUT)?;
        Ok(Self::over(store, &prefix, PATIENCE))
    }

    /// The archive in an object store, under a prefix; a request that takes longer than `patience`
    /// has failed.
    pub fn over(store: Arc<dyn ObjectStore>, prefix: &str, patience: Duration) -> Self {
        let cache = Arc::new(Mutex::new(ByteCache::new(CACHE_BYTES)));
        let (findings, exports) = (
            DamageReports::default(),
            Arc::new(Semaphore::new(export::AT_ONCE)),
        );
        Self {
            store,
            prefix: prefix.to_owned(),
            folder: None,
            patience,
            cache,
            gaps: None,
            findings,
            exports,
        }
    }

    /// The same archive for a reader who takes gaps where it cannot be read, and does not wait
    /// long.
    fn forgiving(&self, gaps: GapCollector) -> Self {
        Self {
            gaps: Some(gaps),
            ..self.clone()
        }
    }

    /// The same archive for somebody who does not wait longer than this for an answer.
    fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience: self.patience.min(patience),
            ..self.clone()
        }
    }

    /// What its readers found not to be whole.
    pub const fn findings(&self) -> &DamageReports {
        &self.findings
    }

    /// Where its reader's gaps are noted.
    const fn gaps(&self) -> Option<&GapCollector> {
        self.gaps.as_ref()
    }

    /// The entries of an object that was read before.
    fn known(&self, key: &str) -> Option<Arc<Vec<StoredEntry>>> {
        self.cache().get(key)
    }

    fn key(&self, key: &str) -> Key {
        if self.prefix.is_empty() {
            Key::from(key)
        } else {
            Key::from(format!("{}/{key}", self.prefix))
        }
    }

    /// Puts an object under a name that is free. `false` when there is one already, whatever it
    /// holds.
    pub async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<bool> {
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        match self
            .within(
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

    /// Puts an object in place of one that turned out to be damaged.
    pub async fn replace(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let put = self
            .within(self.store.put(&self.key(key), PutPayload::from(bytes)))
            .await?;
        put.map(drop).map_err(|error| unreachable(&error))
    }

    /// An object, whole.
    pub async fn get(&self, key: &str) -> Result<Bytes> {
        let path = self.key(key);
        let got = self
            .within(async { self.store.get(&path).await?.bytes().await })
            .await?;
        got.map_err(|error| match error {
            StoreError::NotFound { .. } => ArchiveError::Missing(key.to_owned()),
            error => unreachable(&error),
        })
    }

    /// Deletes an object for good; one that is gone already is fine.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.cache().remove(key);
        match self.within(self.store.delete(&self.key(key))).await? {
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

    /// Deletes what writers that died left half written before `before`, where the store itself
    /// does not. Returns how many files that were.
    pub async fn clear_unfinished(&self, before: Timestamp) -> Result<i64> {
        let Some(folder) = self.folder.clone() else {
            return Ok(0);
        };
        let cleared = run_blocking(move || folder::clear_unfinished(&folder, before)).await;
        cleared
            .map(|files| files as i64)
            .map_err(|why| ArchiveError::Unreachable(why.to_string()))
    }

    /// Every object whose key begins with `under`, a folder.
    pub fn list(&self, under: &str) -> impl Stream<Item = Result<ListedObject>> + '_ {
        let cut = if self.prefix.is_empty() {
            0
        } else {
            self.prefix.len() + 1
        };
        stream::try_unfold(
            self.store.list(Some(&self.key(under))),
            move |mut listing| async move {
                let Some(listed) = self.within(listing.next()).await? else {
                    return Ok(None);
                };
                let listed = listed.map_err(|error| unreachable(&error))?;
                let key = listed
                    .location
                    .as_ref()
                    .get(cut..)
                    .unwrap_or_default()
                    .to_owned();
                let modified = Timestamp::from_millis(listed.last_modified.timestamp_millis());
                Ok(Some((ListedObject { key, modified }, listing)))
            },
        )
    }

    /// The entries of an object that has this SHA-256, from memory where they were read before.
    pub async fn entries(&self, key: &str, sha256: &str) -> Result<Arc<Vec<StoredEntry>>> {
        if let Some(entries) = self.known(key) {
            return Ok(entries);
        }
        let entries = Arc::new(self.entries_once(key, sha256).await?);
        self.cache()
            .insert(key.to_owned(), entries.clone(), decoded_bytes(&entries));
        Ok(entries)
    }

    /// The entries of an object that has this SHA-256, read anew and not kept: a run over many
    /// objects leaves to readers what they read.
    pub async fn entries_once(&self, key: &str, sha256: &str) -> Result<Vec<StoredEntry>> {
        let read = self.read(key, sha256).await;
        self.findings.hear(key, &read);
        read
    }

    async fn read(&self, key: &str, sha256: &str) -> Result<Vec<StoredEntry>> {
        let (bytes, sha256) = (self.get(key).await?, sha256.to_owned());
        let decoded = run_blocking(move || match object::hex_sha256(&bytes) == sha256 {
            true => object::decode(&bytes),
            false => Err("it does not have the checksum of its manifest".to_owned()),
        });
        decoded
            .await
            .map_err(|why| ArchiveError::Damaged(key.to_owned(), why))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn within<T>(&self, request: impl Future<Output = T>) -> Result<T> {
        let late = |_| {
            ArchiveError::Unreachable(format!("no answer within {} ms", self.patience.as_millis()))
        };
        tokio::time::timeout(self.patience, request)
            .await
            .map_err(late)
    }
}

fn unreachable(error: &StoreError) -> ArchiveError {
    ArchiveError::Unreachable(error.to_string())
}

fn decoded_bytes(entries: &[StoredEntry]) -> usize {
    let size = |entry: &StoredEntry| usize::try_from(entry.size()).unwrap_or(0);
    entries.iter().map(|entry| ENTRY_BYTES + size(entry)).sum()
}
