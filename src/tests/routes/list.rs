//! `GET /api/work-log/list`: pages of entries and filters. Polling is in `poll`.

use crate::tests::support::{Person, TestApp};
use serde_json::{Value, json};

async fn titles(who: &Person, query: &str) -> Vec<String> {
    who.lists(query).await["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["title"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_run_from_newest_to_oldest_without_gaps_or_repeats() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for number in 0..7 {
        ada.notes(&format!("note {number}")).await;
    }
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = ada.lists(&format!("limit=3&before={before}")).await;
        assert_eq!(page["count"], page["logs"].as_array().unwrap().len());
        seen.extend(
            page["logs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|log| log["title"].clone()),
        );
        ada.notes("one that comes meanwhile").await;
        match page["next"].as_str() {
            Some(next) => before = next.to_owned(),
            None => break,
        }
    }
    let expected: Vec<Value> = (0..7)
        .rev()
        .map(|number| json!(format!("note {number}")))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_page_that_ends_exactly_at_the_limit_has_no_next() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    ada.notes("one").await;
    ada.notes("two").await;
    assert_eq!(ada.lists("limit=2").await["next"], Value::Null);
    let page = ada.lists("limit=1").await;
    assert_eq!(page["next"], page["logs"][0]["id"]);
    assert_eq!(
        (
            &page["success"],
            &page["scope"],
            page["cursor"].as_str().unwrap().ends_with(".2")
        ),
        (&json!(true), &json!("user"), true)
    );
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.creates(json!({
        "logType": "deployment", "status": "success", "title": "Éclair deployed",
        "details": "to 100% of_all"
    }))
    .await;
    ada.creates(json!({
        "logType": "error", "status": "error", "title": "Disk full", "conversationId": conversation
    }))
    .await;
    ada.creates(json!({"logType": "deployment", "status": "working", "title": "Rolling out"}))
        .await;
    for (query, expected) in [
        ("logType=deployment", vec!["Rolling out", "Éclair deployed"]),
        ("status=error", vec!["Disk full"]),
        ("logType=deployment&status=working", vec!["Rolling out"]),
        (&format!("conversationId={conversation}"), vec!["Disk full"]),
        (
            &format!("scope=user&conversationId={conversation}"),
            vec!["Rolling out", "Disk full", "Éclair deployed"],
        ),
        ("storageStatus=hot&limit=1", vec!["Rolling out"]),
        ("storageStatus=cold", vec![]),
        ("q=DISK", vec!["Disk full"]),
        ("q=100%25", vec!["Éclair deployed"]),
        ("q=f_a", vec!["Éclair deployed"]),
        ("q=0_", vec![]),
    ] {
        assert_eq!(titles(&ada, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn invalid_query_fields_are_refused_by_name() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for (query, fields) in [
        ("limit=0", vec!["limit"]),
        ("limit=201", vec!["limit"]),
        ("limit=x&status=done", vec!["status", "limit"]),
        ("scope=all", vec!["scope"]),
        ("scope=conversation", vec!["conversationId"]),
        ("before=1&after=2", vec!["before", "after"]),
        ("wait=5", vec!["wait"]),
        ("colour=red", vec!["colour"]),
    ] {
        assert_eq!(
            ada.gets(&format!("/api/work-log/list?{query}"))
                .await
                .refused_fields(),
            fields,
            "{query}"
        );
    }
}
