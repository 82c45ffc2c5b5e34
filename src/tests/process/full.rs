//! A disk that fills up under a running server (T10): writes are refused, acknowledged ones are
//! kept, and the same server continues once there is space again.

use super::home::{Caller, Home};
use reqwest::Method;
use serde_json::{Value, json};

/// The file size limit. The write-ahead log reaches it first.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Together more than a megabyte.
const ENTRIES: usize = 200;

async fn create_entry(caller: &Caller, n: usize) -> (u16, Value) {
    let body = json!({
        "logType": "info", "status": "info",
        "title": format!("entry {n}"), "details": "some text ".repeat(1_000),
    });
    caller
        .tries(
            caller
                .request(Method::POST, "/api/work-log/create")
                .json(&body),
        )
        .await
        .unwrap()
}

async fn run_cleanup(caller: &Caller) -> u16 {
    caller
        .tries(caller.request(Method::POST, "/api/work-log/cleanup"))
        .await
        .unwrap()
        .0
}

async fn titles(caller: &Caller) -> Vec<Value> {
    caller
        .entries()
        .await
        .into_iter()
        .rev()
        .map(|entry| entry["title"].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_no_acknowledged_entry_and_the_server_recovers() {
    let home = Home::with_user();
    let server = home.serve_with_file_limit_signal_ignored();
    server.limit_file_size(Some(MAX_FILE_BYTES));
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for n in 0..ENTRIES {
        match create_entry(&server.caller, n).await {
            (201, entry) => acknowledged.push(entry["log"]["title"].clone()),
            (503, problem) => {
                assert!(
                    problem["detail"].as_str().unwrap().contains("try again"),
                    "{problem}"
                );
                refused += 1;
            }
            (status, answer) => panic!("{status}: {answer}"),
        }
    }
    assert!(
        !acknowledged.is_empty() && refused > 0,
        "{refused} of {ENTRIES} were refused"
    );
    assert_eq!(
        titles(&server.caller).await,
        acknowledged,
        "exactly the acknowledged entries are readable"
    );
    let status = run_cleanup(&server.caller).await;
    assert!(
        [200, 503].contains(&status),
        "{status}: a run may have enough space for its few writes"
    );

    server.limit_file_size(None);
    let (status, entry) = create_entry(&server.caller, ENTRIES).await;
    assert_eq!(status, 201, "{entry}");
    acknowledged.push(entry["log"]["title"].clone());
    assert_eq!(run_cleanup(&server.caller).await, 200);
    assert_eq!(titles(&server.caller).await, acknowledged);

    server.kill();
    assert_eq!(
        titles(&home.serve().caller).await,
        acknowledged,
        "the entries should survive a kill"
    );
}
