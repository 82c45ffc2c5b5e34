//! Repeatedly kills the server during writes: everything acknowledged exists once, and no entry
//! stays in progress.

use super::{
    home::{Caller, Home},
    hunt::cases,
    load::{Acknowledged, Load, draft},
};
use reqwest::Method;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The number of acknowledged writes before the kill of each round, 1 to 80, from a fixed seed
/// (xorshift64).
fn kill_points() -> impl Iterator<Item = usize> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        1 + (state % 80) as usize
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_every_kill_exactly_once() {
    let home = Home::with_user();
    let mut everything = Acknowledged::default();
    for (round, writes) in kill_points().take(cases(6, 40) as usize).enumerate() {
        let server = home.serve();
        let mut load = Load::start(&server.caller, round);
        load.wait_for_writes(writes).await;
        server.kill();
        let acknowledged = load.wait_for_end().await;
        let server = home.serve();
        check_entries(&server.caller, &acknowledged.entries).await;
        check_turns(&server.caller, &acknowledged.messages).await;
        repeat_unanswered(&server.caller, &acknowledged.unanswered).await;
        everything.entries.extend(acknowledged.entries);
        server.kill();
    }
    let server = home.serve();
    check_entries(&server.caller, &everything.entries).await;
    let interrupted =
        |entry: &Value| !entry["turnId"].is_null() && entry["metadata"]["interrupted"] == true;
    assert!(
        server.caller.entries().await.iter().any(interrupted),
        "no kill interrupted a turn: the test checks too little"
    );
}

/// Every acknowledged entry exists exactly once, as acknowledged or newer.
async fn check_entries(caller: &Caller, acknowledged: &HashMap<String, Value>) {
    let entries = caller.entries().await;
    let found: HashMap<&str, &Value> = entries
        .iter()
        .map(|entry| (entry["id"].as_str().unwrap(), entry))
        .collect();
    assert_eq!(found.len(), entries.len(), "an entry is listed twice");
    let written: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["turnId"].is_null())
        .map(|entry| entry["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        written.iter().collect::<HashSet<_>>().len(),
        written.len(),
        "an entry was created twice"
    );
    let revs: HashSet<i64> = entries
        .iter()
        .map(|entry| entry["rev"].as_i64().unwrap())
        .collect();
    assert_eq!(revs.len(), entries.len(), "a revision was used twice");
    for (id, response) in acknowledged {
        let entry = found
            .get(id.as_str())
            .unwrap_or_else(|| panic!("acknowledged but lost: {response}"));
        let (rev, response_rev) = (
            entry["rev"].as_i64().unwrap(),
            response["rev"].as_i64().unwrap(),
        );
        assert!(
            rev > response_rev || *entry == response,
            "acknowledged as {response}, found as {entry}"
        );
        assert!(
            response["status"] == "working" || entry["status"] == response["status"],
            "acknowledged as {response}, found as {entry}"
        );
    }
}

/// No turn is running: its entries are settled, its messages complete or marked as interrupted, and
/// its conversation accepts a new turn.
async fn check_turns(caller: &Caller, acknowledged: &HashMap<String, String>) {
    for entry in caller.entries().await {
        assert!(
            entry["turnId"].is_null() || entry["status"] != "working",
            "still in progress: {entry}"
        );
    }
    let conversations = caller.gets("/api/conversations?limit=1000").await["conversations"]
        .as_array()
        .unwrap()
        .clone();
    for conversation in &conversations {
        assert!(conversation["runningTurnId"].is_null(), "{conversation}");
    }
    let mut found = HashSet::new();
    for conversation in acknowledged.values().collect::<HashSet<_>>() {
        for message in caller.messages(conversation).await {
            assert_ne!(message["status"], "streaming", "{message}");
            assert!(
                found.insert(message["id"].as_str().unwrap().to_owned()),
                "a message is listed twice"
            );
        }
    }
    for id in acknowledged.keys() {
        assert!(found.contains(id), "acknowledged but lost: message {id}");
    }
}

/// A create without a response can be repeated with its idempotency key: one entry exists in the
/// end.
async fn repeat_unanswered(caller: &Caller, titles: &[String]) {
    for title in titles {
        let request = caller
            .request(Method::POST, "/api/work-log/create")
            .header("idempotency-key", title);
        let (status, body) = caller.tries(request.json(&draft(title))).await.unwrap();
        assert_eq!(status, 201, "{body}");
    }
    let entries = caller.entries().await;
    for title in titles {
        assert_eq!(
            entries
                .iter()
                .filter(|entry| entry["title"] == title.as_str())
                .count(),
            1,
            "{title}"
        );
    }
}
