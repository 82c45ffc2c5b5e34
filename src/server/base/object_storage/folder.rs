//! Objects in a local folder: what the object store leaves to us there. A process that is killed
//! while it writes leaves a file that no listing shows (`NAME#1`), and a deletion outlives a power
//! cut only once the folder itself is written.

use crate::domain::time::Timestamp;
use object_store::local::LocalFileSystem;
use std::{
    fs::{self, DirEntry, File},
    io,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

/// Opens the folder, which is made where it is missing; what is put there lasts once the put has
/// returned. Errors name the folder.
pub fn open(folder: &Path) -> Result<LocalFileSystem, String> {
    let refused = |why: &dyn std::fmt::Display| format!("{}: {why}", folder.display());
    fs::create_dir_all(folder).map_err(|why| refused(&why))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|why| refused(&why))?;
    // without fsync an object may be lost in a power cut after its rows are gone; folders of what
    // is deleted go with it
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}

/// Deletes files that were never finished and were last written to before `before`. Returns how
/// many.
pub fn clear_unfinished(folder: &Path, before: Timestamp) -> io::Result<usize> {
    let mut cleared = 0;
    for file in gone_is_empty(fs::read_dir(folder))?.into_iter().flatten() {
        let file = file?;
        if gone_is_empty(file.file_type())?.is_some_and(|kind| kind.is_dir()) {
            cleared += clear_unfinished(&file.path(), before)?;
        } else if is_unfinished(&file)
            && gone_is_empty(file.metadata())?.is_some_and(|about| is_older(&about, before))
        {
            cleared += usize::from(gone_is_empty(fs::remove_file(file.path()))?.is_some());
        }
    }
    Ok(cleared)
}

/// Makes a deletion lasting: writes the nearest folder that is still there.
pub fn sync_above(file: &Path) -> io::Result<()> {
    for folder in file.ancestors().skip(1) {
        if let Some(folder) = gone_is_empty(File::open(folder))? {
            return folder.sync_all();
        }
    }
    Ok(())
}

fn is_unfinished(file: &DirEntry) -> bool {
    let name = file.file_name();
    let ending = name
        .to_str()
        .and_then(|name| name.split_once('#'))
        .map(|(_, ending)| ending);
    ending.is_some_and(|ending| {
        !ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_older(file: &fs::Metadata, before: Timestamp) -> bool {
    let millis = u64::try_from(before.millis()).unwrap_or(0);
    file.modified()
        .is_ok_and(|modified| modified < UNIX_EPOCH + Duration::from_millis(millis))
}

/// Others delete too: what is gone by the time it is looked at is as good as never there.
fn gone_is_empty<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_finished_goes_and_everything_else_stays() {
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
            "somebody may be writing them"
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
