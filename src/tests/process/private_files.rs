//! What the program stores is readable only by its user, whatever its umask was.

use super::home::Home;
use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// Every file and folder below `path` that other users may read, with its permissions.
fn readable_by_others(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            if mode & 0o077 != 0 {
                found.push(format!("{} {mode:o}", path.display()));
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

#[test]
fn stored_files_are_private_and_those_of_earlier_releases_become_so() {
    let mut home = Home::with_user();
    let data = home.data();
    drop(home.serve());
    assert_eq!(readable_by_others(&data), Vec::<String>::new());
    // as an earlier release left them
    for name in ["holly.db", "mcp.json", "holly.db.before-3"] {
        let path = data.join(name);
        if !path.exists() {
            fs::write(&path, r#"{"mcpServers": {}}"#).unwrap();
        }
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let log = data.with_file_name("log");
    home.settings.push(("HOLLY_LOG", "warn".to_owned()));
    drop(home.serve_with_log(File::create(&log).unwrap()));
    assert_eq!(readable_by_others(&data), Vec::<String>::new());
    let warning = fs::read_to_string(&log).unwrap();
    let names_folder = warning.contains("chmod go=") && warning.contains("755");
    assert!(names_folder && !warning.contains("mcp.json"), "{warning}");
    let backup = data.with_file_name("backup.db");
    let made = home.run(&["backup", backup.to_str().unwrap()], "");
    assert!(made.status.success(), "{made:?}");
    let mode = fs::metadata(&backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}
