//! People on the command line; what is done there holds at once in a server that runs.

use super::home::{Home, Server, within};
use reqwest::Method;
use serde_json::json;

fn said(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments, "");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn refused(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(arguments, "");
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Somebody beside the admin of the home, with a key.
fn with_bob() -> (Home, String) {
    let home = Home::with_a_person();
    assert!(
        home.run(&["user", "add", "bob@example.org"], "correct horse\n")
            .status
            .success()
    );
    let key = said(
        &home,
        &[
            "key",
            "add",
            "--user",
            "bob@example.org",
            "--name",
            "a test",
        ],
    );
    (home, key)
}

#[test]
fn people_are_listed_invited_promoted_disabled_and_erased() {
    let (home, _) = with_bob();
    let list = said(&home, &["user", "list"]);
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
    let link = said(&home, &["user", "invite", "eve@example.org"]);
    assert!(
        link.starts_with("http://127.0.0.1:0/join?secret=") && link.len() == 31 + 64,
        "{link}"
    );
    for command in [
        &["user", "disable", "ada@example.org"][..],
        &["user", "admin", "ada@example.org", "--remove"],
        &["user", "erase", "ada@example.org"],
    ] {
        assert!(refused(&home, command).contains("ada@example.org is the last admin"));
    }
    assert_eq!(
        said(&home, &["user", "admin", "Bob@example.org"]),
        "Bob@example.org is an admin"
    );
    assert_eq!(
        said(&home, &["user", "disable", "ada@example.org"]),
        "ada@example.org is disabled"
    );
    assert_eq!(
        said(&home, &["user", "enable", "ada@example.org"]),
        "ada@example.org is enabled"
    );
    assert!(
        refused(&home, &["user", "disable", "nobody@example.org"])
            .contains("there is no account nobody@example.org")
    );
    let file = home.data().join("export.jsonl");
    let receipt = said(
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
    assert_eq!(said(&home, &["user", "list"]).lines().count(), 1);
}

async fn stream(server: &Server, key: &str) -> reqwest::Response {
    let request = server
        .caller
        .client
        .get(format!("{}/api/work-log/stream", server.caller.base))
        .bearer_auth(key);
    let mut response = request.send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    response
}

/// Waits until a stream says `event`; it must not end before.
async fn until(stream: &mut reqwest::Response, event: &str) {
    let mut text = String::new();
    within(event, async {
        while !text.contains(&format!("event: {event}")) {
            let chunk = stream
                .chunk()
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("it ended with {text}"));
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_disabled_on_the_command_line_is_out_of_the_running_server() {
    let (home, key) = with_bob();
    let server = home.serve();
    let mut open = stream(&server, &key).await;
    let ask = |path: &str| {
        server
            .caller
            .client
            .get(format!("{}{path}", server.caller.base))
            .bearer_auth(&key)
            .send()
    };
    assert_eq!(ask("/api/conversations").await.unwrap().status(), 200);
    said(&home, &["user", "disable", "bob@example.org"]);
    assert_eq!(ask("/api/conversations").await.unwrap().status(), 401);
    until(&mut open, "auth").await;
    assert!(open.chunk().await.unwrap().is_none(), "and then it ends");
    said(&home, &["user", "enable", "bob@example.org"]);
    assert_eq!(
        ask("/api/conversations").await.unwrap().status(),
        401,
        "a key stays revoked"
    );
}

#[tokio::test]
async fn who_is_erased_on_the_command_line_leaves_no_file_behind() {
    let home = Home::with_a_person();
    assert!(
        home.run(
            &["user", "add", "eve@example.org", "--admin"],
            "correct horse\n"
        )
        .status
        .success()
    );
    let server = home.serve();
    let here = server
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
    let here = here["conversation"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/conversations/{here}/messages");
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
            .gets(&format!("/api/conversations/{here}"))
            .await["conversation"]["runningTurnId"]
            .is_string()
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(files(), 1);
    let file = home.data().join("export.jsonl");
    let receipt = said(
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
