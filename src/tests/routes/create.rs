//! `POST /api/work-log/create`.

use crate::tests::support::{Answer, Person, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

fn minimal() -> Value {
    json!({ "logType": "info", "status": "info", "title": "Backup done" })
}

#[tokio::test]
async fn a_created_entry_is_returned_with_all_fields() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let answer = ada.posts(
        "/api/work-log/create",
        json!({
            "logType": "deployment", "status": "success", "title": "  Site deployed ",
            "details": "v1", "metadata": {"commit": "abc"}, "durationMs": 1200
        }),
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
async fn invalid_fields_are_refused_by_name() {
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
        let mut body = minimal();
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
async fn the_largest_allowed_entry_is_accepted() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut body = minimal();
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
async fn invalid_json_is_400_and_a_large_body_413() {
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
            minimal(),
            " ".repeat(bytes - minimal().to_string().len())
        )
    };
    assert_eq!(post(padded(128 * 1024)).await.status, 201);
    assert_eq!(
        post(padded(128 * 1024 + 1)).await.expect(413)["status"],
        413
    );
}

#[tokio::test]
async fn a_retry_with_the_same_key_creates_one_entry() {
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
    let first = post(&ada, "k1", minimal()).await.expect(201);
    assert_eq!(post(&ada, "k1", minimal()).await.expect(201), first);
    let mut other = minimal();
    other["title"] = json!("Something else");
    assert_eq!(post(&ada, "k1", other.clone()).await.status, 409);
    assert_ne!(
        post(&ada, "k2", minimal()).await.expect(201)["log"]["id"],
        first["log"]["id"]
    );
    assert_eq!(
        post(&bob, "k1", other).await.expect(201)["log"]["title"],
        "Something else"
    );
    for key in ["", &"k".repeat(201)] {
        assert_eq!(post(&ada, key, minimal()).await.status, 400);
    }
    assert_eq!(ada.lists("").await["count"], 2);
}

#[tokio::test]
async fn twenty_concurrent_retries_create_one_entry() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let post = || {
        Answer::to(
            ada.request(Method::POST, "/api/work-log/create")
                .header("idempotency-key", "k")
                .json(&minimal()),
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
async fn the_rate_limit_answers_429_with_retry_after() {
    let app = TestApp::with(|config| config.limits.creates_per_minute = 3, |_| {}).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    for title in ["one", "two", "three"] {
        ada.notes(title).await;
    }
    let answer = ada.posts("/api/work-log/create", minimal()).await;
    assert_eq!(answer.expect(429)["status"], 429);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    bob.notes("others are not concerned").await;
}

#[tokio::test]
async fn entries_of_the_assistant_do_not_count_against_the_limit() {
    let app = TestApp::with(|config| config.limits.creates_per_minute = 1, |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    for _ in 0..3 {
        ada.says(&conversation, "Show me a fallback").await;
        ada.awaits_the_end(&conversation).await;
    }
    assert_eq!(ada.entries(&conversation).await.len(), 9);
    ada.notes("the one that is allowed").await;
}

#[tokio::test]
async fn an_entry_can_only_refer_to_data_of_its_owner() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (conversation, parent) = (ada.begins().await, ada.notes("parent").await);
    let mut body = minimal();
    body["conversationId"] = json!(conversation);
    body["parentId"] = parent["id"].clone();
    let log = ada.creates(body.clone()).await;
    assert_eq!(
        (&log["conversationId"], &log["parentId"]),
        (&body["conversationId"], &parent["id"])
    );
    assert_eq!(bob.posts("/api/work-log/create", body).await.status, 404);
    assert_eq!(
        app.anonymous()
            .posts("/api/work-log/create", minimal())
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn whole_numbers_beyond_64_bits_are_refused_with_their_path() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let id = ada.notes("numbers").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let create = r#""logType":"info","status":"info","title":"x","#;
    for (number, accepted) in [
        ("18446744073709551615", true),
        ("-9223372036854775808", true),
        ("18446744073709551616", false),
        ("-9223372036854775809", false),
    ] {
        for (method, path, fields, status) in [
            (Method::POST, "/api/work-log/create".to_owned(), create, 201),
            (Method::PATCH, format!("/api/work-log/{id}"), "", 200),
        ] {
            let body = format!(r#"{{{fields}"metadata":{{"a":[0,{{"n":{number}}}]}}}}"#);
            let request = ada.request(method, &path);
            let answer = Answer::to(
                request
                    .header("content-type", "application/json")
                    .body(body),
            );
            let answer = answer.await;
            if accepted {
                assert_eq!(answer.status, status, "{}", answer.text());
                assert!(answer.text().contains(number), "{}", answer.text());
            } else {
                let problem = answer.expect(422).to_string();
                assert!(problem.contains("metadata.a[1].n"), "{problem}");
            }
        }
    }
}
