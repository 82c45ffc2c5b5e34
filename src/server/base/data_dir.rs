//! The data folder: a lock so that two servers never share it, and one for commands that run
//! retention.

use crate::server::base::error::StoreError;
use std::{
    fs::{self, File, TryLockError},
    path::Path,
    time::Duration,
};

/// Longer than anybody takes who only looks.
const A_MOMENT: Duration = Duration::from_millis(100);

/// The data folder, held by this process.
#[derive(Debug)]
pub struct DataDir {
    _lock: File,
}

impl DataDir {
    /// Makes the folder where it is missing and takes it. Errors: another server holds it, or it
    /// cannot be written.
    pub fn take(root: &Path) -> Result<Self, StoreError> {
        let unusable = |why: std::io::Error| {
            StoreError::Unusable(format!("HOLLY_DATA_DIR {}: {why}", root.display()))
        };
        fs::create_dir_all(root).map_err(unusable)?;
        let lock = File::create(root.join("holly.lock")).map_err(unusable)?;
        let locked = match lock.try_lock() {
            // a command may only be looking whether a server is there
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(A_MOMENT);
                lock.try_lock()
            }
            locked => locked,
        };
        match locked {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unusable(format!(
                "HOLLY_DATA_DIR {}: another holly is using it; stop it first",
                root.display()
            ))),
            Err(TryLockError::Error(why)) => Err(unusable(why)),
        }
    }

    /// Whether a server holds the folder now.
    pub fn is_held(root: &Path) -> bool {
        File::open(root.join("holly.lock"))
            .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

/// The right of a command to run retention, held by this process.
#[derive(Debug)]
pub struct RunnerLock {
    _lock: File,
}

impl RunnerLock {
    /// Takes it. `None` while a server or another command may run, or where the folder cannot be
    /// written.
    pub fn take(root: &Path) -> Option<Self> {
        let lock = File::create(root.join("retention.lock")).ok()?;
        lock.try_lock().ok()?;
        (!DataDir::is_held(root)).then_some(Self { _lock: lock })
    }
}
