//! A disk that fills up under a running server (T10): what cannot be written is refused, what was
//! answered is there, and once there is room again the same server goes on.

use super::home::{Caller, Home};
use reqwest::Method;
use serde_json::{Value, json};

/// Files end here; the log before the database is the first to come that far.
const FULL_BYTES: u64 = 1 << 20;
/// Together more than a megabyte.
const ENTRIES: usize = 200;

async fn writes(caller: &Caller, n: usize) -> (u16, Value) {
    let body = json!({"logType": "info", "status": "info", "title": format!("entry {n}"), "details": "some text ".repeat(1_000)});
    caller
        .tries(
            caller
                .request(Method::POST, "/api/work-log/create")
                .json(&body),
        )
        .await
        .unwrap()
}

async fn cleans_up(caller: &Caller) -> u16 {
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
async fn a_disk_that_fills_up_loses_nothing_and_the_server_goes_on_once_there_is_room() {
    let home = Home::with_a_person();
    let server = home.serve_where_files_may_end();
    server.end_files_at(Some(FULL_BYTES));
    let (mut answered, mut refused) = (Vec::new(), 0);
    for n in 0..ENTRIES {
        match writes(&server.caller, n).await {
            (201, entry) => answered.push(entry["log"]["title"].clone()),
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
        !answered.is_empty() && refused > 0,
        "{refused} of {ENTRIES} were refused"
    );
    assert_eq!(
        titles(&server.caller).await,
        answered,
        "what was answered can be read, and nothing else is there"
    );
    let status = cleans_up(&server.caller).await;
    assert!(
        [200, 503].contains(&status),
        "{status}: a run may find room for the little that it writes"
    );

    server.end_files_at(None);
    let (status, entry) = writes(&server.caller, ENTRIES).await;
    assert_eq!(status, 201, "{entry}");
    answered.push(entry["log"]["title"].clone());
    assert_eq!(cleans_up(&server.caller).await, 200);
    assert_eq!(titles(&server.caller).await, answered);

    server.kill();
    assert_eq!(
        titles(&home.serve().caller).await,
        answered,
        "and it is lasting"
    );
}
