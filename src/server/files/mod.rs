//! Files attached by users or produced by tools. They are in the data directory, or next to the
//! archive if that is in a bucket, so that every server can read them. A file is either complete or
//! missing, and never changes.

pub mod orphans;
pub mod sweep;

use super::base::object_storage::{self, folder};
use crate::domain::{
    ids::{FileId, UserId},
    time::Timestamp,
};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    Error as StoreError, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload,
    path::Path as Key,
};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinSet;

pub use super::base::error::FileError;

/// Limit for transferring a file to or from a bucket.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);
/// Limit for the first bytes of a file, and for deleting one.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);
/// Files deleted concurrently.
const MAX_PARALLEL_DELETES: usize = 8;

type Result<T> = std::result::Result<T, FileError>;

/// The storage of files; cheap to clone.
#[derive(Clone, Debug)]
pub struct FileStore {
    /// New files go to the first location; a second one has the files from before a bucket was
    /// configured.
    locations: Arc<[StorageLocation]>,
    folder: PathBuf,
}

#[derive(Debug)]
struct StorageLocation {
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

impl StorageLocation {
    fn folder(&self, user: UserId) -> Key {
        Key::from(format!("{}{user}", self.prefix))
    }

    fn key(&self, user: UserId, id: FileId) -> Key {
        Key::from(format!("{}{user}/{id}", self.prefix))
    }

    fn stored(&self, before: Timestamp) -> BoxStream<'static, Result<StoredFile>> {
        let prefix = self.prefix.clone();
        let directory = Some(prefix.trim_end_matches('/'))
            .filter(|prefix| !prefix.is_empty())
            .map(Key::from);
        let file = move |object: ObjectMeta| {
            let stored = Timestamp::from_millis(object.last_modified.timestamp_millis());
            let ids = object
                .location
                .as_ref()
                .strip_prefix(&prefix)
                .and_then(parse_key);
            let file = ids
                .filter(|_| stored < before)
                .map(|(user, id)| StoredFile { user, id, stored });
            std::future::ready(Ok(file))
        };
        self.store
            .list(directory.as_ref())
            .try_filter_map(file)
            .map_err(unreachable)
            .boxed()
    }
}

/// A file in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFile {
    /// The owner.
    pub user: UserId,
    /// The file's id.
    pub id: FileId,
    /// When it was stored, by the storage's clock.
    pub stored: Timestamp,
}

impl FileStore {
    /// The files of a server with this archive and data directory: in `files/` under the bucket's
    /// prefix, or in the data directory.
    pub fn open(archive_url: &str, data_dir: &Path) -> std::result::Result<Self, String> {
        let folder = data_dir.join("files");
        let local = folder::open(&folder).map_err(|why| format!("HOLLY_DATA_DIR {why}"))?;
        let mut locations = vec![StorageLocation {
            store: Arc::new(local),
            prefix: String::new(),
        }];
        if archive_url.starts_with("s3://") {
            let (store, prefix) = object_storage::bucket(archive_url, REQUEST_TIMEOUT)?;
            let prefix = if prefix.is_empty() {
                "files/".to_owned()
            } else {
                format!("{prefix}/files/")
            };
            locations.insert(0, StorageLocation { store, prefix });
        }
        Ok(Self {
            locations: locations.into(),
            folder,
        })
    }

    /// Stores a file durably.
    pub async fn write(&self, user: UserId, id: FileId, bytes: Vec<u8>) -> Result<()> {
        let location = &self.locations[0];
        with_timeout(
            REQUEST_TIMEOUT,
            location
                .store
                .put(&location.key(user, id), PutPayload::from(bytes)),
        )
        .await?
        .map(drop)
        .map_err(unreachable)
    }

    /// Reads a whole file.
    pub async fn read(&self, user: UserId, id: FileId) -> Result<Bytes> {
        let parts: Vec<Bytes> = self.stream(user, id, None).await?.try_collect().await?;
        Ok(parts.concat().into())
    }

    /// Streams a file, or a range of its bytes.
    pub async fn stream(
        &self,
        user: UserId,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        for location in self.locations.iter() {
            let options = GetOptions {
                range: range.clone().map(Into::into),
                ..GetOptions::default()
            };
            match with_timeout(
                RESPONSE_TIMEOUT,
                location.store.get_opts(&location.key(user, id), options),
            )
            .await?
            {
                Ok(result) => return Ok(result.into_stream().map_err(unreachable).boxed()),
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(unreachable(error)),
            }
        }
        Err(FileError::Missing)
    }

    /// Deletes files of a user; missing ones are no error. Tries all and returns the first error.
    pub async fn delete(&self, user: UserId, ids: &[FileId]) -> Result<()> {
        let keys = self.locations.iter().flat_map(|location| {
            ids.iter()
                .map(move |id| (location.store.clone(), location.key(user, *id)))
        });
        delete_keys(keys.collect()).await
    }

    /// Deletes all files of a user, if any.
    pub async fn delete_all(&self, user: UserId) -> Result<()> {
        let mut keys = Vec::new();
        for location in self.locations.iter() {
            let listed = location
                .store
                .list(Some(&location.folder(user)))
                .map_ok(|object| object.location)
                .try_collect::<Vec<_>>();
            keys.extend(
                with_timeout(REQUEST_TIMEOUT, listed)
                    .await?
                    .map_err(unreachable)?
                    .into_iter()
                    .map(|key| (location.store.clone(), key)),
            );
        }
        delete_keys(keys).await?;
        // incomplete writes are not listed
        match tokio::fs::remove_dir_all(self.folder.join(user.to_string())).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::Unreachable(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Lists all files stored before `before`.
    pub fn stored(&self, before: Timestamp) -> BoxStream<'static, Result<StoredFile>> {
        let all: Vec<_> = self
            .locations
            .iter()
            .map(|location| location.stored(before))
            .collect();
        stream::iter(all).flatten().boxed()
    }

    /// Moves files from the data directory to the bucket, if there is one. Returns their number.
    pub async fn move_to_bucket(&self) -> Result<usize> {
        let [bucket, folder] = &*self.locations else {
            return Ok(0);
        };
        let mut moved = 0;
        let mut listed = folder.store.list(None);
        while let Some(object) = listed.try_next().await.map_err(unreachable)? {
            let Some((user, id)) = parse_key(object.location.as_ref()) else {
                continue;
            };
            let bytes = folder
                .store
                .get(&object.location)
                .await
                .map_err(unreachable)?
                .bytes()
                .await
                .map_err(unreachable)?;
            bucket
                .store
                .put(&bucket.key(user, id), bytes.into())
                .await
                .map_err(unreachable)?;
            folder
                .store
                .delete(&object.location)
                .await
                .map_err(unreachable)?;
            moved += 1;
        }
        Ok(moved)
    }

    /// Deletes incomplete writes in the data directory from before `before`.
    pub async fn clear_incomplete(&self, before: Timestamp) -> std::io::Result<usize> {
        let folder = self.folder.clone();
        let cleared =
            tokio::task::spawn_blocking(move || folder::clear_unfinished(&folder, before)).await;
        cleared.unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    }
}

async fn delete_keys(keys: Vec<(Arc<dyn ObjectStore>, Key)>) -> Result<()> {
    let mut outcome = Ok(());
    for batch in keys.chunks(MAX_PARALLEL_DELETES) {
        let mut deletions: JoinSet<_> = batch
            .iter()
            .cloned()
            .map(|(store, key)| delete_key(store, key))
            .collect();
        while let Some(removed) = deletions.join_next().await {
            outcome = outcome.and(
                removed.unwrap_or_else(|panic| Err(FileError::Unreachable(panic.to_string()))),
            );
        }
    }
    outcome
}

async fn delete_key(store: Arc<dyn ObjectStore>, key: Key) -> Result<()> {
    match with_timeout(RESPONSE_TIMEOUT, store.delete(&key)).await? {
        Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
        Err(error) => Err(unreachable(error)),
    }
}

/// The owner and the file id in a key.
fn parse_key(key: &str) -> Option<(UserId, FileId)> {
    let (user, id) = key.split_once('/')?;
    Some((user.parse().ok()?, id.parse().ok()?))
}

fn unreachable(error: StoreError) -> FileError {
    FileError::Unreachable(error.to_string())
}

async fn with_timeout<T>(timeout: Duration, request: impl Future<Output = T>) -> Result<T> {
    let timed_out = |_| FileError::Unreachable(format!("no answer within {} s", timeout.as_secs()));
    tokio::time::timeout(timeout, request)
        .await
        .map_err(timed_out)
}
