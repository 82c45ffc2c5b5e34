//! Nonsense in the settings is refused at start, all of it at once.

use super::home::Home;

#[test]
fn every_nonsense_is_named_at_once() {
    let home = Home::empty();
    let nonsense = [
        ("HOLLY_ADDR", "here"),
        ("HOLLY_MAX_STREAMS", "many"),
        ("HOLLY_RATE_LIMIT_PER_MINUTE", "-1"),
        ("HOLLY_MAX_TURNS", "all"),
        ("HOLLY_TOKENS_PER_DAY", "1e9"),
        ("HOLLY_MAX_UPLOAD_MB_PER_DAY", "0.5"),
        ("HOLLY_DEMO_PACE", "fast"),
        ("HOLLY_MODELS", "oracle"),
        ("HOLLY_PUBLIC_URL", "ftp://x"),
        ("DATABASE_URL", "mysql://x"),
        ("HOLLY_LOG", "holly=loud"),
    ];
    let output = home.command().envs(nonsense).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for (name, _) in nonsense {
        assert!(said.contains(name), "{name} in {said}");
    }
    assert_eq!(said.lines().count(), nonsense.len(), "{said}");
}

#[test]
fn every_nonsense_in_mcp_json_is_named_at_once_and_nothing_starts() {
    let home = Home::empty();
    let file =
        r#"{"mcpServers": {"a b": {"command": "x"}, "neither": {}, "ftp": {"url": "ftp://x"}}}"#;
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.data().join("mcp.json"), file).unwrap();
    let output = home.run(&["serve"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.lines().count() == 3,
        "{said}"
    );
    for name in ["a b", "neither", "ftp"] {
        assert!(
            said.contains(&format!("mcp.json: server {name:?}")),
            "{name} in {said}"
        );
    }
}

#[test]
fn a_person_is_added_once_and_with_a_password() {
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
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && said.contains(why),
            "{email}: {said}"
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
