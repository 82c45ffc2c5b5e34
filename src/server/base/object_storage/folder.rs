//! Object storage in a local folder: what `LocalFileSystem` does not do. A process that is killed
//! while it writes leaves a file (`NAME#1`) that no listing returns, and a deletion survives a
//! power cut only once the folder is synced.

use crate::domain::time::Timestamp;
use object_store::local::LocalFileSystem;
use std::{
    fs::{self, DirEntry, File},
    io,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

/// Opens the folder and creates it if it is missing. An object is durable once `put` has returned.
/// Errors: the folder, the reason, and what to do.
pub fn open(folder: &Path) -> Result<LocalFileSystem, String> {
    let unusable = |why: &dyn std::fmt::Display| {
        format!(
            "{}: cannot be created or read: {why}; fix its permissions or choose another folder",
            folder.display()
        )
    };
    fs::create_dir_all(folder).map_err(|why| unusable(&why))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|why| unusable(&why))?;
    // without fsync a power cut may lose an object whose rows are deleted already; empty folders
    // are deleted with their last object
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}

/// Deletes unfinished files that were last written before `before`. Returns how many.
pub fn clear_unfinished(folder: &Path, before: Timestamp) -> io::Result<usize> {
    let mut deleted = 0;
    for file in if_exists(fs::read_dir(folder))?.into_iter().flatten() {
        let file = file?;
        if if_exists(file.file_type())?.is_some_and(|kind| kind.is_dir()) {
            deleted += clear_unfinished(&file.path(), before)?;
        } else if is_unfinished(&file)
            && if_exists(file.metadata())?.is_some_and(|metadata| is_older(&metadata, before))
        {
            deleted += usize::from(if_exists(fs::remove_file(file.path()))?.is_some());
        }
    }
    Ok(deleted)
}

/// Makes a deletion durable: syncs the nearest parent folder that still exists.
pub fn sync_above(file: &Path) -> io::Result<()> {
    for folder in file.ancestors().skip(1) {
        if let Some(folder) = if_exists(File::open(folder))? {
            return folder.sync_all();
        }
    }
    Ok(())
}

fn is_unfinished(file: &DirEntry) -> bool {
    let name = file.file_name();
    let suffix = name
        .to_str()
        .and_then(|name| name.split_once('#'))
        .map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| {
        !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_older(file: &fs::Metadata, before: Timestamp) -> bool {
    let millis = u64::try_from(before.millis()).unwrap_or(0);
    file.modified()
        .is_ok_and(|modified| modified < UNIX_EPOCH + Duration::from_millis(millis))
}

/// `None` if the file does not exist: another process may have deleted it meanwhile.
fn if_exists<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_unfinished_files_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("work-log/v1");
        fs::create_dir_all(&deep).unwrap();
        for name in ["whole.zst", "half.zst#1", "half.zst#22", "odd#", "odd#1a"] {
            fs::write(deep.join(name), "text").unwrap();
        }
        let now = |ms: i64| {
            Timestamp::from_millis(
                i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap() + ms,
            )
        };
        assert_eq!(
            clear_unfinished(folder.path(), now(-3_600_000)).unwrap(),
            0,
            "a process may be writing them"
        );
        assert_eq!(clear_unfinished(folder.path(), now(3_600_000)).unwrap(), 2);
        let mut left: Vec<_> = fs::read_dir(&deep)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["odd#", "odd#1a", "whole.zst"]);
        assert_eq!(
            clear_unfinished(&folder.path().join("nowhere"), now(0)).unwrap(),
            0
        );
    }
}
