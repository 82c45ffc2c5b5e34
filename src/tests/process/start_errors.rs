//! Errors at start: each names the setting, the path or address, the reason and what to do.

use super::home::Home;
use std::{net::TcpListener, process::Output};

/// A free port of the loopback address that nothing listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The port of a listener that accepts connections and never answers.
fn silent_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    port
}

fn start(home: &Home, settings: &[(&'static str, String)]) -> Output {
    home.command()
        .args(["serve"])
        .envs(settings.iter().cloned())
        .output()
        .unwrap()
}

/// The lines of standard error of a server that did not start.
fn problems(output: Output) -> Vec<String> {
    assert!(!output.status.success() && output.stdout.is_empty());
    let lines: Vec<String> = String::from_utf8(output.stderr)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    for line in &lines {
        assert!(line.starts_with("holly: "), "{lines:?}");
        assert!(!line.contains("secret"), "{lines:?}");
    }
    lines
}

#[test]
fn each_broken_setting_is_reported_with_its_value_reason_and_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(
        &file,
        "this is text, and longer than the header of a database",
    )
    .unwrap();
    let (folder, file) = (folder.path().display(), file.display());
    let used = TcpListener::bind("127.0.0.1:0").unwrap();
    let used_address = used.local_addr().unwrap();
    let (closed, silent) = (closed_port(), silent_port());
    for (setting, value, expected) in [
        (
            "HOLLY_DATA_DIR",
            format!("{file}/data"),
            vec![
                format!("HOLLY_DATA_DIR {file}/data: cannot be created or written: "),
                "choose another folder".to_owned(),
            ],
        ),
        (
            "DATABASE_URL",
            format!("sqlite://{folder}"),
            vec![
                format!("DATABASE_URL sqlite://{folder}: cannot be opened: unable to open"),
                "it must be a SQLite file".to_owned(),
            ],
        ),
        (
            "DATABASE_URL",
            format!("sqlite://{file}"),
            vec![format!(
                "DATABASE_URL sqlite://{file}: cannot be opened: file is not a database; "
            )],
        ),
        (
            "DATABASE_URL",
            format!("postgres://ada:secret@127.0.0.1:{closed}/holly?password=secret"),
            vec![
                format!("DATABASE_URL postgres://127.0.0.1:{closed}/holly: "),
                "cannot connect within 5 s: Connection refused".to_owned(),
                "check the address".to_owned(),
            ],
        ),
        (
            "DATABASE_URL",
            format!("postgres://ada:secret@127.0.0.1:{silent}/holly"),
            vec![
                format!("DATABASE_URL postgres://127.0.0.1:{silent}/holly: "),
                "cannot connect within 5 s: the server does not answer".to_owned(),
            ],
        ),
        (
            "HOLLY_ADDR",
            used_address.to_string(),
            vec![format!(
                "HOLLY_ADDR {used_address}: address already in use; choose another port"
            )],
        ),
        (
            "HOLLY_ARCHIVE_URL",
            format!("file://{file}/archive"),
            vec![format!("HOLLY_ARCHIVE_URL {file}/archive: ")],
        ),
        (
            "HOLLY_SITE_DIR",
            folder.to_string(),
            vec![format!("HOLLY_SITE_DIR {folder}: ")],
        ),
    ] {
        let lines = problems(start(&Home::empty(), &[(setting, value)]));
        assert_eq!(lines.len(), 1, "{setting}: {lines:?}");
        for part in expected {
            assert!(lines[0].contains(&part), "{part:?} in {lines:?}");
        }
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let home = Home::empty();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.data().join("mcp.json"), "{").unwrap();
    let file = home.data().join("file");
    std::fs::write(&file, "").unwrap();
    let used = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = [
        ("HOLLY_ADDR", used.local_addr().unwrap().to_string()),
        (
            "HOLLY_ARCHIVE_URL",
            format!("file://{}/archive", file.display()),
        ),
        (
            "DATABASE_URL",
            format!("postgres://ada:secret@127.0.0.1:{}/holly", closed_port()),
        ),
    ];
    let lines = problems(start(&home, &settings));
    assert_eq!(lines.len(), 4, "{lines:?}");
    for name in [
        "HOLLY_ADDR",
        "HOLLY_ARCHIVE_URL",
        "DATABASE_URL",
        "mcp.json",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(name)),
            "{name} in {lines:?}"
        );
    }
}

#[test]
fn a_command_reports_an_unreachable_database_too() {
    let home = Home::empty();
    let url = format!("postgres://ada:secret@127.0.0.1:{}/holly", closed_port());
    let output = home
        .command()
        .args(["user", "list"])
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let lines = problems(output);
    assert!(
        lines.len() == 1 && lines[0].contains("cannot connect within 5 s"),
        "{lines:?}"
    );
}

#[test]
fn help_groups_the_settings_under_headings() {
    let headings = [
        "Server",
        "Database",
        "Archive and retention",
        "Models",
        "Services for pictures, music and films",
        "Sign-in with a provider",
        "Limits",
        "Proxies",
        "Demo",
        "Logging",
    ];
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["-h"],
        &["serve", "-h"],
    ] {
        let output = Home::empty().run(arguments, "");
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{help}");
        let mut after = 0;
        for heading in headings {
            let at = help[after..].find(&format!("\n{heading}:\n"));
            after += at.unwrap_or_else(|| panic!("{heading} in order in {help}"));
        }
        let about = help.lines().next().unwrap();
        let expected = if arguments[0] == "serve" {
            "Serve the pages and the HTTP API (default)"
        } else {
            "A self-hosted chat with an AI assistant whose work is visible"
        };
        assert_eq!(about, expected, "{help}");
    }
}
