//! Files that only the server's user may read: the database, files of users, the archive, backups
//! and secrets of MCP servers.

use nix::sys::stat::{Mode, umask};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The permissions of other users.
const OTHERS: u32 = 0o077;
/// What Holly keeps in its data folder and makes private; folders without what is in them.
const OWN: [&str; 9] = [
    "holly.db",
    "holly.db-wal",
    "holly.db-shm",
    "holly.lock",
    "retention.lock",
    "files",
    "archive",
    "backups",
    "mcp.json",
];

/// Makes every file that this process creates unreadable to other users.
pub fn restrict_new_files() {
    umask(Mode::from_bits_truncate(OTHERS as nix::libc::mode_t));
}

/// Makes what Holly keeps in a data folder unreadable to other users, as earlier releases did not.
/// The folder itself may belong to more than Holly: returns the paths that other users may still
/// read, each with its permissions.
pub fn restrict(data_dir: &Path) -> Vec<(PathBuf, u32)> {
    let own = OWN.iter().map(|name| data_dir.join(name));
    let backups = fs::read_dir(data_dir).into_iter().flatten().flatten();
    let backups = backups.map(|file| file.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("holly.db.")
    });
    let mut open: Vec<_> = own
        .chain(backups)
        .filter_map(|path| make_private(&path).map(|mode| (path, mode)))
        .collect();
    open.extend(others_mode(data_dir).map(|mode| (data_dir.to_owned(), mode)));
    open
}

/// The permissions that other users still have; `None` for none, and if there is no such file.
fn make_private(path: &Path) -> Option<u32> {
    let mode = others_mode(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)).map_or(Some(mode), |()| None)
}

fn others_mode(path: &Path) -> Option<u32> {
    let metadata: io::Result<_> = fs::symlink_metadata(path);
    let metadata = metadata.ok().filter(|metadata| !metadata.is_symlink())?;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Logs the paths that other users may read.
pub fn warn_about(open: &[(PathBuf, u32)]) {
    for (path, mode) in open {
        tracing::warn!(
            path = %path.display(),
            mode = format!("{mode:o}"),
            "other users of this machine may read it; run `chmod go= PATH`"
        );
    }
}
