//! `POST /api/work-log/create`.

use crate::tests::support::{Answer, Person, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

fn least() -> Value {
    json!({ "logType": "info", "status": "info", "title": "Backup done" })
}

#[tokio::test]
async fn a_new_entry_comes_back_whole() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let answer = ada.posts(
        "/api/work-log/create",
        json!({"logType": "deployment", "status": "success", "title": "  Site deployed ", "details": "v1",
        "metadata": {"commit": "abc"}, "durationMs": 1200}),
    );
    let body = answer.await.expect(201);
    assert_eq!(body["success"], true);
    let log = &body["log"];
    let (now, later) = ("2026-11-24T09:30:00.000Z", "2027-02-22T09:30:00.000Z");
    for (field, value) in [
        ("userId", json!(ada.id)),
        ("conversationId", Value::Null),
        ("parentId", Value::Null),
        ("logType", json!("deployment")),
        ("status", json!("success")),
        ("title", json!("Site deployed")),
        ("details", json!("v1")),
        ("metadata", json!({"commit": "abc"})),
        ("durationMs", json!(1200)),
        ("timestamp", json!(now)),
        ("updatedAt", json!(now)),
        ("storageStatus", json!("hot")),
        ("expiresAt", json!(later)),
        ("archivedAt", Value::Null),
        ("rev", json!(1)),
    ] {
        assert_eq!(log[field], value, "{field}");
    }
    assert_eq!(
        log["id"].as_str().unwrap().as_bytes()[14],
        b'7',
        "a UUID of version 7"
    );
}

#[tokio::test]
async fn every_bound_is_refused_by_name() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("x".repeat(201))),
        ("title", Value::Null),
        ("logType", json!("dance")),
        ("status", json!("done")),
        ("details", json!("x".repeat(65_537))),
        ("metadata", json!({"a": "x".repeat(16_377)})),
        ("metadata", json!([])),
        ("durationMs", json!(-1)),
        ("durationMs", json!(1.5)),
        ("leaseSeconds", json!(0)),
        ("conversationId", json!("42")),
        ("parentId", json!(7)),
        ("rev", json!(7)),
        ("userId", json!("0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f")),
    ] {
        let mut body = least();
        body[field] = value;
        assert_eq!(
            ada.posts("/api/work-log/create", body)
                .await
                .refused_fields(),
            [field]
        );
    }
    let all = ada
        .posts("/api/work-log/create", json!({"title": "", "nonsense": 1}))
        .await
        .refused_fields();
    assert_eq!(all, ["logType", "status", "title", "nonsense"]);
    assert_eq!(ada.lists("").await["count"], 0);
}

#[tokio::test]
async fn the_largest_entry_that_is_allowed_is_taken() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut body = least();
    body["title"] = json!("é".repeat(200));
    body["details"] = json!("x".repeat(65_536));
    body["metadata"] = json!({"a": "x".repeat(16_376)});
    let log = ada.creates(body.clone()).await;
    assert_eq!(
        (&log["title"], &log["details"], &log["metadata"]),
        (&body["title"], &body["details"], &body["metadata"])
    );
}

#[tokio::test]
async fn what_is_not_json_is_400_and_what_is_too_large_413() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let post =
        |body: String| Answer::to(ada.request(Method::POST, "/api/work-log/create").body(body));
    for body in ["", "{", "title=x", "{\"title\":\"\u{1}\"}"] {
        assert_eq!(post(body.to_owned()).await.status, 400, "{body:?}");
    }
    assert_eq!(post("[]".to_owned()).await.refused_fields(), ["body"]);
    let padded = |bytes: usize| {
        format!(
            "{}{}",
            least(),
            " ".repeat(bytes - least().to_string().len())
        )
    };
    assert_eq!(post(padded(128 * 1024)).await.status, 201);
    assert_eq!(
        post(padded(128 * 1024 + 1)).await.expect(413)["status"],
        413
    );
}

#[tokio::test]
async fn a_retry_under_the_same_key_makes_one_entry() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let post = |who: &Person, key: &str, body: Value| {
        Answer::to(
            who.request(Method::POST, "/api/work-log/create")
                .header("idempotency-key", key)
                .json(&body),
        )
    };
    let first = post(&ada, "k1", least()).await.expect(201);
    assert_eq!(post(&ada, "k1", least()).await.expect(201), first);
    let mut other = least();
    other["title"] = json!("Something else");
    assert_eq!(post(&ada, "k1", other.clone()).await.status, 409);
    assert_ne!(
        post(&ada, "k2", least()).await.expect(201)["log"]["id"],
        first["log"]["id"]
    );
    assert_eq!(
        post(&bob, "k1", other).await.expect(201)["log"]["title"],
        "Something else"
    );
    for key in ["", &"k".repeat(201)] {
        assert_eq!(post(&ada, key, least()).await.status, 400);
    }
    assert_eq!(ada.lists("").await["count"], 2);
}

#[tokio::test]
async fn twenty_retries_at_once_make_one_entry() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let post = || {
        Answer::to(
            ada.request(Method::POST, "/api/work-log/create")
                .header("idempotency-key", "k")
                .json(&least()),
        )
    };
    let answers = futures::future::join_all((0..20).map(|_| post())).await;
    let ids: std::collections::HashSet<String> = answers
        .iter()
        .map(|answer| answer.expect(201)["log"]["id"].to_string())
        .collect();
    assert_eq!((ids.len(), &ada.lists("").await["count"]), (1, &json!(1)));
}

#[tokio::test]
async fn over_the_rate_limit_a_writer_is_told_when_to_come_back() {
    let app = TestApp::with(|config| config.limits.creates_per_minute = 3, |_| {}).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    for title in ["one", "two", "three"] {
        ada.notes(title).await;
    }
    let answer = ada.posts("/api/work-log/create", least()).await;
    assert_eq!(answer.expect(429)["status"], 429);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    bob.notes("others are not concerned").await;
}

#[tokio::test]
async fn the_assistant_s_own_entries_do_not_count() {
    let app = TestApp::with(|config| config.limits.creates_per_minute = 1, |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    for _ in 0..3 {
        ada.says(&here, "Show me a fallback").await;
        ada.awaits_the_end(&here).await;
    }
    assert_eq!(ada.entries(&here).await.len(), 9);
    ada.notes("the one that is allowed").await;
}

#[tokio::test]
async fn an_entry_stands_only_in_its_owner_s_places() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (here, parent) = (ada.begins().await, ada.notes("parent").await);
    let mut body = least();
    body["conversationId"] = json!(here);
    body["parentId"] = parent["id"].clone();
    let log = ada.creates(body.clone()).await;
    assert_eq!(
        (&log["conversationId"], &log["parentId"]),
        (&body["conversationId"], &parent["id"])
    );
    assert_eq!(bob.posts("/api/work-log/create", body).await.status, 404);
    assert_eq!(
        app.nobody()
            .posts("/api/work-log/create", least())
            .await
            .status,
        401
    );
}
