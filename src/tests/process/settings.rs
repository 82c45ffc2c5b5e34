//! Invalid settings are refused at start and reported all at once.

use super::home::Home;

#[test]
fn all_invalid_settings_are_reported_at_once() {
    let home = Home::empty();
    let invalid = [
        ("HOLLY_ADDR", "here"),
        ("HOLLY_MAX_STREAMS", "many"),
        ("HOLLY_RATE_LIMIT_PER_MINUTE", "-1"),
        ("HOLLY_MAX_TURNS", "all"),
        ("HOLLY_TOKENS_PER_DAY", "1e9"),
        ("HOLLY_MAX_UPLOAD_MB_PER_DAY", "0.5"),
        ("HOLLY_DEMO_PACE", "fast"),
        ("HOLLY_MODELS", "oracle"),
        ("HOLLY_PUBLIC_URL", "https://x/holly"),
        ("DATABASE_URL", "mysql://x"),
        ("HOLLY_LOG", "holly=loud"),
    ];
    let output = home.command().envs(invalid).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for (name, _) in invalid {
        assert!(stderr.contains(name), "{name} in {stderr}");
    }
    assert_eq!(stderr.lines().count(), invalid.len(), "{stderr}");
}

#[test]
fn check_names_every_mcp_server_that_is_left_out() {
    let home = Home::empty();
    let file =
        r#"{"mcpServers": {"a b": {"command": "x"}, "neither": {}, "ftp": {"url": "ftp://x"}}}"#;
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.data().join("mcp.json"), file).unwrap();
    let output = home.run(&["check"], "");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success(), "{stdout}");
    for name in ["a b", "neither", "ftp"] {
        let mut lines = stdout.lines();
        let named = |line: &str| line.contains(name) && line.contains("left out: it ");
        assert!(lines.any(named), "{name} in {stdout}");
    }
}

#[test]
fn a_user_is_added_once_and_with_a_password() {
    let home = Home::empty();
    assert!(
        home.run(&["user", "add", "ada@example.org"], "correct horse\n")
            .status
            .success()
    );
    for (email, password, why) in [
        ("ada@example.org", "correct horse\n", "taken"),
        ("bob@example.org", "short\n", "password"),
        ("bob@example.org", "", "standard input"),
        ("nonsense", "correct horse\n", "email"),
    ] {
        let output = home.run(&["user", "add", email], password);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && stderr.contains(why),
            "{email}: {stderr}"
        );
    }
    let output = home.run(
        &["key", "add", "--user", "eve@example.org", "--name", "x"],
        "",
    );
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("there is no account eve@example.org")
    );
}
