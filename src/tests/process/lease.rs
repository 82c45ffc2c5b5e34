//! An entry whose program died does not stay in progress forever.

use super::home::{Home, within};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_working_entry_is_settled_when_its_lease_expires() {
    let home = Home::with_user();
    let server = home.serve();
    let create = |lease_seconds: u32| {
        let body = json!({
            "logType": "deployment", "status": "working", "title": "Rolling out",
            "leaseSeconds": lease_seconds,
        });
        server.caller.tries(
            server
                .caller
                .request(Method::POST, "/api/work-log/create")
                .json(&body),
        )
    };
    // the lease may expire before the response to the next request
    let mut cursor = server.caller.gets("/api/work-log/list?limit=1").await["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, short) = create(1).await.unwrap();
    let (_, long) = create(3_600).await.unwrap();
    server.kill();
    let server = home.serve();
    let settled = within("the lease to expire", async {
        loop {
            let page = server
                .caller
                .gets(&format!("/api/work-log/list?after={cursor}&wait=30"))
                .await;
            let is_settled = |log: &&Value| log["status"] != "working";
            if let Some(log) = page["logs"].as_array().unwrap().iter().find(is_settled) {
                return log.clone();
            }
            cursor = page["cursor"].as_str().unwrap().to_owned();
        }
    })
    .await;
    assert_eq!(
        (&settled["id"], &settled["status"]),
        (&short["log"]["id"], &json!("warning"))
    );
    assert_eq!(settled["metadata"]["interrupted"], true);
    let address = format!("/api/work-log/{}", long["log"]["id"].as_str().unwrap());
    assert_eq!(
        server.caller.gets(&address).await["log"]["status"],
        "working"
    );
}
