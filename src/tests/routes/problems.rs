//! Errors: RFC 9457 problem JSON with the request id and no internal details.

use crate::{
    server::http::router::layered,
    tests::support::{Answer, TestApp},
};
use axum::{Router, body::Body, extract::Request, routing::get};
use reqwest::Method;
use serde_json::json;
use tower::ServiceExt;

fn assert_problem(answer: &Answer, status: u16) {
    let problem = answer.expect(status);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(
        (&problem["status"], &problem["success"], &problem["error"]),
        (&json!(status), &json!(false), &problem["detail"])
    );
    assert!(
        problem["type"].is_string()
            && problem["title"].is_string()
            && !problem["detail"].as_str().unwrap().is_empty(),
        "{problem}"
    );
    assert_eq!(problem["requestId"], answer.header("x-request-id"));
}

#[tokio::test]
async fn a_panic_is_answered_with_all_security_headers() {
    async fn panics() {
        panic!("intended by this test");
    }
    let app = TestApp::start().await;
    let service = layered(Router::new().route("/panics", get(panics)), app.app.clone());
    let answer = service
        .oneshot(
            Request::get("http://localhost/panics")
                .body(Body::empty())
                .unwrap(),
        )
        .await
        .unwrap();
    assert_eq!(answer.status(), 500);
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    };
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(header("content-type"), "application/problem+json");
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(header("x-request-id").len(), 16);
}

#[tokio::test]
async fn every_error_is_a_problem_with_its_request_id() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let post = |body: &'static str| {
        Answer::to(ada.request(Method::POST, "/api/work-log/create").body(body))
    };
    assert_problem(&post("{").await, 400);
    assert_problem(&post("{}").await, 422);
    assert_problem(&app.anonymous().gets("/api/work-log/list").await, 401);
    assert_problem(&ada.gets("/api/work-log/stats").await, 403);
    assert_problem(
        &ada.gets("/api/work-log/0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f")
            .await,
        404,
    );
    assert_problem(&ada.gets("/api/nonsense").await, 404);
    assert_problem(
        &ada.posts("/api/conversations/x/nonsense", json!({})).await,
        404,
    );
    assert_problem(
        &ada.gets("/api/work-log/list?after=00c0ffee00c0ffee.1")
            .await,
        410,
    );
    let large = ada
        .request(Method::POST, "/api/work-log/create")
        .body("x".repeat(200_000));
    assert_problem(&Answer::to(large).await, 413);
}

#[tokio::test]
async fn database_errors_are_500_or_503_without_details() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let mut tx = app.app.store.begin().await.unwrap();
    sqlx::query("alter table work_logs rename to lost")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_no_details(&ada.gets("/api/work-log/list").await, 500);
    app.app.store.close().await;
    assert_no_details(&ada.gets("/api/work-log/list").await, 503);
}

fn assert_no_details(answer: &Answer, status: u16) {
    assert_problem(answer, status);
    for detail in ["sqlite", "pool", "database", "select", "holly.db", "src/"] {
        assert!(
            !answer.text().to_lowercase().contains(detail),
            "{detail} in {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn an_unsupported_method_is_405() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for (method, address, allowed) in [
        (Method::GET, "/api/work-log/create", "POST"),
        (Method::DELETE, "/api/work-log/stats", "GET,HEAD"),
        (Method::PUT, "/api/conversations", "GET,HEAD,POST"),
    ] {
        let answer = Answer::to(ada.request(method, address)).await;
        assert_problem(&answer, 405);
        assert_eq!(answer.header("allow"), allowed, "{address}");
    }
}
