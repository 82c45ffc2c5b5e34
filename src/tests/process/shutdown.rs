//! Shutdown, a second server on the same data folder, and a missing site.

use super::home::{Home, within};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_terminated_server_ends_streams_and_turns_and_exits() {
    let home = Home::with_user();
    let server = home.serve();
    let caller = server.caller.clone();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = within(
            "a stream",
            caller.request(Method::GET, "/api/work-log/stream").send(),
        )
        .await
        .unwrap();
        assert!(
            within("the first event", stream.chunk())
                .await
                .unwrap()
                .is_some()
        );
        streams.push(stream);
    }
    let (_, created) = caller
        .tries(
            caller
                .request(Method::POST, "/api/conversations")
                .json(&json!({})),
        )
        .await
        .unwrap();
    let conversation = created["conversation"]["id"].as_str().unwrap().to_owned();
    let messages = format!("/api/conversations/{conversation}/messages");
    let slow = json!({ "content": "Tell me something long, slowly" });
    assert_eq!(
        caller
            .tries(caller.request(Method::POST, &messages).json(&slow))
            .await
            .unwrap()
            .0,
        202
    );
    let status = server.terminate().await;
    assert_eq!(status.code(), Some(0));
    for mut stream in streams {
        within("the end of a stream", async {
            while stream.chunk().await.unwrap().is_some() {}
        })
        .await;
    }
    let server = home.serve();
    let statuses: Vec<_> = server
        .caller
        .messages(&conversation)
        .await
        .iter()
        .map(|message| message["status"].clone())
        .collect();
    assert!(
        statuses.iter().all(|status| status != "streaming"),
        "{statuses:?}"
    );
    assert!(
        server
            .caller
            .entries()
            .await
            .iter()
            .all(|entry| entry["status"] != "working")
    );
}

#[tokio::test]
async fn two_servers_never_share_a_data_folder() {
    let home = Home::with_user();
    let server = home.serve();
    let second = home.run(&["serve"], "");
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(
        !second.status.success()
            && stderr.contains("HOLLY_DATA_DIR")
            && stderr.contains("another holly is using it"),
        "{stderr}"
    );
    assert_eq!(server.caller.gets("/api/work-log/list").await["count"], 0);
    server.kill();
    home.serve().kill();
}

#[test]
fn without_a_built_site_the_error_says_what_to_do() {
    let home = Home::empty();
    let mut command = home.command();
    let output = command.env("HOLLY_SITE_DIR", "/nowhere").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && stderr.contains("/nowhere") && stderr.contains("make build"),
        "{stderr}"
    );
}
