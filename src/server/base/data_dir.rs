//! The data folder: a lock that keeps two servers from sharing it, and one for commands that run
//! retention.

use crate::server::base::{error::StoreError, private_files};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    time::Duration,
};

/// Longer than [`DataDir::is_held`] holds the lock.
const LOCK_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The data folder, locked by this process.
#[derive(Debug)]
pub struct DataDir {
    _lock: File,
}

impl DataDir {
    /// Creates the folder if it is missing. Errors: the folder and why it cannot be created.
    pub fn create(root: &Path) -> Result<(), StoreError> {
        fs::create_dir_all(root).map_err(|why| unusable(root, &why))
    }

    /// Creates the folder if it is missing and locks it. Errors: another server holds the lock, or
    /// the folder cannot be written.
    pub fn take(root: &Path) -> Result<Self, StoreError> {
        let unusable = |why: io::Error| unusable(root, &why);
        Self::create(root)?;
        let lock = File::create(root.join("holly.lock")).map_err(unusable)?;
        let locked = match lock.try_lock() {
            // a command may be checking whether a server is running
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(LOCK_RETRY_PAUSE);
                lock.try_lock()
            }
            locked => locked,
        };
        match locked {
            Ok(()) => {
                private_files::warn_about(&private_files::restrict(root));
                Ok(Self { _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::Unusable(format!(
                "HOLLY_DATA_DIR {}: another holly is using it; stop it first",
                root.display()
            ))),
            Err(TryLockError::Error(why)) => Err(unusable(why)),
        }
    }

    /// Whether a server holds the lock.
    pub fn is_held(root: &Path) -> bool {
        File::open(root.join("holly.lock"))
            .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

fn unusable(root: &Path, why: &io::Error) -> StoreError {
    StoreError::Unusable(format!(
        "HOLLY_DATA_DIR {}: cannot be created or written: {why}; fix its permissions or choose \
         another folder",
        root.display()
    ))
}

/// The lock of a command that runs retention, held by this process.
#[derive(Debug)]
pub struct RunnerLock {
    _lock: File,
}

impl RunnerLock {
    /// Takes the lock. `None` if a server or another command may be running, or the folder cannot
    /// be written.
    pub fn take(root: &Path) -> Option<Self> {
        let lock = File::create(root.join("retention.lock")).ok()?;
        lock.try_lock().ok()?;
        (!DataDir::is_held(root)).then_some(Self { _lock: lock })
    }
}
