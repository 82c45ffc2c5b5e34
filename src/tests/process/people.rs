//! The `user` and `key` commands, which take effect in a running server at once.

use super::home::{Home, Server, within};
use reqwest::Method;
use serde_json::json;

fn stdout_of(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments, "");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn error_of(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments, "");
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A data folder with the admin Ada and the user Bob; returns Bob's key.
fn with_bob() -> (Home, String) {
    let home = Home::with_user();
    assert!(
        home.run(&["user", "add", "bob@example.org"], "correct horse\n")
            .status
            .success()
    );
    let key = stdout_of(
        &home,
        &[
            "key",
            "add",
            "--user",
            "bob@example.org",
            "--name",
            "a test",
            "--scope",
            "log:read,chat",
        ],
    );
    (home, key)
}

#[test]
fn users_are_listed_invited_promoted_disabled_and_erased() {
    let (home, _) = with_bob();
    let list = stdout_of(&home, &["user", "list"]);
    let rows: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split('\t').take(3).collect())
        .collect();
    assert_eq!(
        rows,
        [
            ["ada@example.org", "admin", "enabled"],
            ["bob@example.org", "person", "enabled"]
        ]
    );
    let link = stdout_of(&home, &["user", "invite", "eve@example.org"]);
    assert!(
        link.starts_with("http://127.0.0.1:0/join?secret=") && link.len() == 31 + 64,
        "{link}"
    );
    for command in [
        &["user", "disable", "ada@example.org"][..],
        &["user", "admin", "ada@example.org", "--remove"],
        &["user", "erase", "ada@example.org"],
    ] {
        assert!(error_of(&home, command).contains("ada@example.org is the last admin"));
    }
    assert_eq!(
        stdout_of(&home, &["user", "admin", "Bob@example.org"]),
        "Bob@example.org is an admin"
    );
    assert_eq!(
        stdout_of(&home, &["user", "disable", "ada@example.org"]),
        "ada@example.org is disabled"
    );
    assert_eq!(
        stdout_of(&home, &["user", "enable", "ada@example.org"]),
        "ada@example.org is enabled"
    );
    assert!(
        error_of(&home, &["user", "disable", "nobody@example.org"])
            .contains("there is no account nobody@example.org")
    );
    let file = home.data().join("export.jsonl");
    let receipt = stdout_of(
        &home,
        &[
            "user",
            "erase",
            "ada@example.org",
            "--export",
            file.to_str().unwrap(),
        ],
    );
    assert!(
        receipt.starts_with("exported 0 entries to ") && receipt.contains("\"conversations\": 0"),
        "{receipt}"
    );
    assert_eq!(stdout_of(&home, &["user", "list"]).lines().count(), 1);
}

#[tokio::test]
async fn keys_are_added_listed_and_revoked() {
    let (home, bobs) = with_bob();
    let server = home.serve();
    let list = || stdout_of(&home, &["key", "list", "--user", "bob@example.org"]);
    let add = |more: &[&str]| {
        let arguments = ["key", "add", "--user", "bob@example.org", "--name", "CI"];
        stdout_of(&home, &[&arguments, more].concat())
    };
    let (plain, short) = (add(&[]), add(&["--scope", "chat", "--expires", "30"]));
    let id = |key: &str| key.split('_').nth(1).unwrap().to_owned();
    let listed = list();
    let rows: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(
        rows[0],
        ["id", "name", "scopes", "made", "last used", "expires"]
    );
    for (key, scopes, expires) in [
        (&bobs, "log:read,chat", false),
        (&plain, "log:write,log:read", false),
        (&short, "chat", true),
    ] {
        let row = rows.iter().find(|row| row[0] == id(key)).unwrap();
        assert_eq!(
            (row.len(), row[2], row[4], row[5] != "never"),
            (6, scopes, "never", expires)
        );
    }
    for (arguments, error) in [
        (&["--scope", "everything"][..], "must be one of log:write"),
        (&["--expires", "0"], "not in 1..=3650"),
    ] {
        let all = ["key", "add", "--user", "bob@example.org", "--name", "CI"];
        let refused = error_of(&home, &[&all, arguments].concat());
        assert!(refused.contains(error), "{refused}");
    }
    let mut stream = open_stream(&server, &bobs).await;
    stdout_of(&home, &["key", "revoke", &id(&bobs)]);
    wait_for_event(&mut stream, "auth").await;
    assert!(!list().contains(&id(&bobs)));
    assert!(error_of(&home, &["key", "revoke", &id(&bobs)]).contains("there is no key"));
}

async fn open_stream(server: &Server, key: &str) -> reqwest::Response {
    let request = server
        .caller
        .client
        .get(format!("{}/api/work-log/stream", server.caller.base))
        .bearer_auth(key);
    let mut response = request.send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    response
}

/// Waits for `event` on a stream, which must not end before.
async fn wait_for_event(stream: &mut reqwest::Response, event: &str) {
    let mut text = String::new();
    within(event, async {
        while !text.contains(&format!("event: {event}")) {
            let chunk = stream
                .chunk()
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("the stream ended with {text}"));
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_disabled_by_a_command_is_locked_out_of_the_running_server() {
    let (home, key) = with_bob();
    let server = home.serve();
    let mut stream = open_stream(&server, &key).await;
    let get = |path: &str| {
        server
            .caller
            .client
            .get(format!("{}{path}", server.caller.base))
            .bearer_auth(&key)
            .send()
    };
    assert_eq!(get("/api/conversations").await.unwrap().status(), 200);
    stdout_of(&home, &["user", "disable", "bob@example.org"]);
    assert_eq!(get("/api/conversations").await.unwrap().status(), 401);
    wait_for_event(&mut stream, "auth").await;
    assert!(
        stream.chunk().await.unwrap().is_none(),
        "the stream should end"
    );
    stdout_of(&home, &["user", "enable", "bob@example.org"]);
    assert_eq!(
        get("/api/conversations").await.unwrap().status(),
        401,
        "a key stays revoked"
    );
}

#[tokio::test]
async fn a_user_erased_by_a_command_leaves_no_file_behind() {
    let home = Home::with_user();
    assert!(
        home.run(
            &["user", "add", "eve@example.org", "--admin"],
            "correct horse\n"
        )
        .status
        .success()
    );
    let server = home.serve();
    let created = server
        .caller
        .tries(
            server
                .caller
                .request(Method::POST, "/api/conversations")
                .json(&json!({})),
        )
        .await
        .unwrap()
        .1;
    let conversation = created["conversation"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/conversations/{conversation}/messages");
    server
        .caller
        .tries(
            server
                .caller
                .request(Method::POST, &path)
                .json(&json!({ "content": "Paint a tree" })),
        )
        .await
        .unwrap();
    let files = || std::fs::read_dir(home.data().join("files")).map_or(0, Iterator::count);
    within("the picture", async {
        while server
            .caller
            .gets(&format!("/api/conversations/{conversation}"))
            .await["conversation"]["runningTurnId"]
            .is_string()
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(files(), 1);
    let file = home.data().join("export.jsonl");
    let receipt = stdout_of(
        &home,
        &[
            "user",
            "erase",
            "ada@example.org",
            "--export",
            file.to_str().unwrap(),
        ],
    );
    assert!(
        receipt.contains("\"messages\": 2") && receipt.contains("\"files\": 1"),
        "{receipt}"
    );
    assert!(std::fs::read_to_string(&file).unwrap().lines().count() >= 2);
    assert_eq!(files(), 0);
    let (status, _) = server
        .caller
        .tries(server.caller.request(Method::GET, "/api/conversations"))
        .await
        .unwrap();
    assert_eq!(status, 401);
}
