//! The data folder: a lock so that two servers never share it, and the files that tools made.

use crate::{
    ids::{FileId, UserId},
    server::store::StoreError,
};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

/// The data folder, held by this process.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder where it is missing and takes it. Errors: another server holds it, or it cannot be written.
    pub fn take(root: &Path) -> Result<Self, StoreError> {
        let unusable = |why: std::io::Error| StoreError::Unusable(format!("HOLLY_DATA_DIR {}: {why}", root.display()));
        fs::create_dir_all(root.join("files")).map_err(unusable)?;
        let lock = File::create(root.join("holly.lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError::Unusable(format!("HOLLY_DATA_DIR {}: another holly is using it; stop it first", root.display())))
            }
            Err(TryLockError::Error(why)) => Err(unusable(why)),
        }
    }

    /// Where a file lies.
    pub fn path(&self, user: UserId, id: FileId) -> PathBuf {
        self.root.join("files").join(user.to_string()).join(id.to_string())
    }

    /// Writes a file; when this returns it is on the disk.
    pub async fn write(&self, user: UserId, id: FileId, bytes: Vec<u8>) -> std::io::Result<()> {
        let path = self.path(user, id);
        tokio::task::spawn_blocking(move || {
            fs::create_dir_all(path.parent().expect("a file lies in its owner's folder"))?;
            let mut file = File::create(&path)?;
            std::io::Write::write_all(&mut file, &bytes)?;
            file.sync_all()
        })
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
    }

    /// Deletes a file; one that is gone already is fine.
    pub async fn delete(&self, user: UserId, id: FileId) -> std::io::Result<()> {
        match tokio::fs::remove_file(self.path(user, id)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Deletes all files of a person; none is fine.
    pub async fn delete_all(&self, user: UserId) -> std::io::Result<()> {
        Self::delete_all_in(&self.root, user).await
    }

    /// The same in a folder that another process may hold.
    pub async fn delete_all_in(root: &Path, user: UserId) -> std::io::Result<()> {
        match tokio::fs::remove_dir_all(root.join("files").join(user.to_string())).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
