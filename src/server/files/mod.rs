//! Files that people attached and tools made. They lie in the data folder, or beside the archive
//! where that is in a bucket, so that every server finds them. A file is there whole or not at all,
//! and never changes.

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

/// How long a file may take on its way to or from a bucket.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);
/// How long is waited for a file's first bytes, and for its deletion.
const PATIENCE: Duration = Duration::from_secs(15);
/// Files deleted side by side.
const SIDE_BY_SIDE: usize = 8;

type Result<T> = std::result::Result<T, FileError>;

/// Where files lie; cheap to clone.
#[derive(Clone, Debug)]
pub struct FileStore {
    /// New files go to the first; another one holds what was kept before there was a bucket.
    places: Arc<[StorageLocation]>,
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
        let under = Some(prefix.trim_end_matches('/'))
            .filter(|prefix| !prefix.is_empty())
            .map(Key::from);
        let file = move |object: ObjectMeta| {
            let stored = Timestamp::from_millis(object.last_modified.timestamp_millis());
            let named = object
                .location
                .as_ref()
                .strip_prefix(&prefix)
                .and_then(named);
            let file = named
                .filter(|_| stored < before)
                .map(|(user, id)| StoredFile { user, id, stored });
            std::future::ready(Ok(file))
        };
        self.store
            .list(under.as_ref())
            .try_filter_map(file)
            .map_err(unreachable)
            .boxed()
    }
}

/// A file as a listing tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFile {
    /// Whose it is.
    pub user: UserId,
    /// Which one.
    pub id: FileId,
    /// When it was stored, by the storage's own clock.
    pub stored: Timestamp,
}

impl FileStore {
    /// The files of a server with this archive and data folder: in `files/` of the bucket's prefix,
    /// or of the data folder.
    pub fn open(archive_url: &str, data_dir: &Path) -> std::result::Result<Self, String> {
        let folder = data_dir.join("files");
        let here = folder::open(&folder).map_err(|why| format!("HOLLY_DATA_DIR {why}"))?;
        let mut places = vec![StorageLocation {
            store: Arc::new(here),
            prefix: String::new(),
        }];
        if archive_url.starts_with("s3://") {
            let (store, prefix) = object_storage::bucket(archive_url, REQUEST_TIMEOUT)?;
            let prefix = if prefix.is_empty() {
                "files/".to_owned()
            } else {
                format!("{prefix}/files/")
            };
            places.insert(0, StorageLocation { store, prefix });
        }
        Ok(Self {
            places: places.into(),
            folder,
        })
    }

    /// Stores a file; when this returns it lasts.
    pub async fn write(&self, user: UserId, id: FileId, bytes: Vec<u8>) -> Result<()> {
        let place = &self.places[0];
        within(
            REQUEST_TIMEOUT,
            place
                .store
                .put(&place.key(user, id), PutPayload::from(bytes)),
        )
        .await?
        .map(drop)
        .map_err(unreachable)
    }

    /// A file, whole.
    pub async fn read(&self, user: UserId, id: FileId) -> Result<Bytes> {
        let parts: Vec<Bytes> = self.stream(user, id, None).await?.try_collect().await?;
        Ok(parts.concat().into())
    }

    /// A file, or these bytes of it, as they come.
    pub async fn stream(
        &self,
        user: UserId,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        for place in self.places.iter() {
            let options = GetOptions {
                range: range.clone().map(Into::into),
                ..GetOptions::default()
            };
            match within(
                PATIENCE,
                place.store.get_opts(&place.key(user, id), options),
            )
            .await?
            {
                Ok(got) => return Ok(got.into_stream().map_err(unreachable).boxed()),
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(unreachable(error)),
            }
        }
        Err(FileError::Missing)
    }

    /// Deletes files of a person; those that are gone already are fine. Errors: the first, after
    /// all were tried.
    pub async fn delete(&self, user: UserId, ids: &[FileId]) -> Result<()> {
        let keys = self.places.iter().flat_map(|place| {
            ids.iter()
                .map(move |id| (place.store.clone(), place.key(user, *id)))
        });
        remove(keys.collect()).await
    }

    /// Deletes all files of a person; none is fine.
    pub async fn delete_all(&self, user: UserId) -> Result<()> {
        let mut keys = Vec::new();
        for place in self.places.iter() {
            let listed = place
                .store
                .list(Some(&place.folder(user)))
                .map_ok(|object| object.location)
                .try_collect::<Vec<_>>();
            keys.extend(
                within(REQUEST_TIMEOUT, listed)
                    .await?
                    .map_err(unreachable)?
                    .into_iter()
                    .map(|key| (place.store.clone(), key)),
            );
        }
        remove(keys).await?;
        // what a write left that was cut off is in no listing
        match tokio::fs::remove_dir_all(self.folder.join(user.to_string())).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::Unreachable(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Every file that is stored before `before`.
    pub fn stored(&self, before: Timestamp) -> BoxStream<'static, Result<StoredFile>> {
        let all: Vec<_> = self
            .places
            .iter()
            .map(|place| place.stored(before))
            .collect();
        stream::iter(all).flatten().boxed()
    }

    /// Moves what lies in the data folder into the bucket, where there is one. Returns how many
    /// files were moved.
    pub async fn bring_over(&self) -> Result<usize> {
        let [bucket, folder] = &*self.places else {
            return Ok(0);
        };
        let mut moved = 0;
        let mut listed = folder.store.list(None);
        while let Some(object) = listed.try_next().await.map_err(unreachable)? {
            let Some((user, id)) = named(object.location.as_ref()) else {
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

    /// Deletes what writes into the data folder left that were cut off before `before`.
    pub async fn clear_cut_off(&self, before: Timestamp) -> std::io::Result<usize> {
        let folder = self.folder.clone();
        let cleared =
            tokio::task::spawn_blocking(move || folder::clear_unfinished(&folder, before)).await;
        cleared.unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    }
}

async fn remove(keys: Vec<(Arc<dyn ObjectStore>, Key)>) -> Result<()> {
    let mut outcome = Ok(());
    for some in keys.chunks(SIDE_BY_SIDE) {
        let mut removing: JoinSet<_> = some
            .iter()
            .cloned()
            .map(|(store, key)| remove_one(store, key))
            .collect();
        while let Some(removed) = removing.join_next().await {
            outcome = outcome.and(
                removed.unwrap_or_else(|panic| Err(FileError::Unreachable(panic.to_string()))),
            );
        }
    }
    outcome
}

async fn remove_one(store: Arc<dyn ObjectStore>, key: Key) -> Result<()> {
    match within(PATIENCE, store.delete(&key)).await? {
        Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
        Err(error) => Err(unreachable(error)),
    }
}

/// Whose file a key names, and which.
fn named(key: &str) -> Option<(UserId, FileId)> {
    let (user, id) = key.split_once('/')?;
    Some((user.parse().ok()?, id.parse().ok()?))
}

fn unreachable(error: StoreError) -> FileError {
    FileError::Unreachable(error.to_string())
}

async fn within<T>(patience: Duration, request: impl Future<Output = T>) -> Result<T> {
    let late = |_| FileError::Unreachable(format!("no answer within {} s", patience.as_secs()));
    tokio::time::timeout(patience, request).await.map_err(late)
}
