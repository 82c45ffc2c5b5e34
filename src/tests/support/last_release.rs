//! The data folder of an earlier release; `fixtures/README.md` describes its content.

use std::path::Path;
use tempfile::TempDir;

/// Unpacks the data folder of the release at commit 9417e93.
pub fn data_folder() -> TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fixtures/9417e93");
    let folder = TempDir::new().unwrap();
    copy(&fixture, folder.path());
    folder
}

/// Copies a folder and unpacks its `.db.zst` files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let (path, name) = file.map(|file| (file.path(), file.file_name())).unwrap();
        match name.to_str().unwrap().strip_suffix(".db.zst") {
            _ if path.is_dir() => copy(&path, &to.join(name)),
            Some(stem) => {
                let packed = std::fs::read(path).unwrap();
                let plain = zstd::decode_all(&packed[..]).unwrap();
                std::fs::write(to.join(format!("{stem}.db")), plain).unwrap();
            }
            None => drop(std::fs::copy(path, to.join(name)).unwrap()),
        }
    }
}
