//! What strangers send: other hosts, first accounts, errors and requests without number.

use crate::{
    server::{
        http::{extract::Credential, routes::export::while_allowed},
        identity,
    },
    tests::support::{Answer, Person, TestApp},
};
use futures::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::pin::pin;

const PASSWORD: &str = "correct horse";

async fn status_for(app: &TestApp, path: &str, host: &str) -> Answer {
    let request = app.anonymous().request(Method::GET, path);
    Answer::to(request.header("host", host)).await
}

#[tokio::test]
async fn requests_for_other_hosts_are_refused() {
    let app = TestApp::start().await;
    for (path, host, status) in [
        ("/sign-in", "127.0.0.1", 303),
        ("/sign-in", "localhost:3000", 303),
        ("/sign-in", "evil.example", 421),
        ("/welcome", "evil.example:3000", 421),
        ("/api/work-log/list", "evil.example", 421),
        ("/api/work-log/stream", "evil.example", 421),
        ("/fn/page/sign-in", "evil.example", 421),
        ("/pkg/holly.js", "evil.example", 421),
        ("/nonsense", "evil.example", 421),
        ("/healthz", "evil.example", 200),
        ("/readyz", "evil.example", 200),
    ] {
        let answer = status_for(&app, path, host).await;
        assert_eq!(answer.status, status, "{path} of {host}");
        if status == StatusCode::MISDIRECTED_REQUEST {
            let text = answer.text();
            let names_it = text.contains("evil.example") && text.contains("HOLLY_ALLOWED_HOSTS");
            assert!(names_it, "{text}");
        }
    }
}

async fn public_server() -> TestApp {
    TestApp::with(
        |config| config.public_url = Some("http://holly.example.org".to_owned()),
        |_| {},
    )
    .await
}

#[tokio::test]
async fn the_first_account_of_a_public_server_needs_the_setup_code() {
    let app = public_server().await;
    let code = identity::setup_code(&app.app.store).await.unwrap().unwrap();
    let nobody = app.anonymous();
    let page = nobody.gets(&format!("/welcome?code={code}")).await.text();
    assert!(page.contains(&format!("value=\"{code}\"")), "{page}");
    for (typed, status) in [("", 422), ("0000000000000000", 422), (code.as_str(), 302)] {
        let form = [
            ("email", "ada@example.org"),
            ("password", PASSWORD),
            ("code", typed),
        ];
        let answer = nobody
            .submits("/fn/account/welcome", "/welcome", &form)
            .await;
        let created = answer.header("location") == "/";
        assert_eq!(
            created,
            status == 302,
            "{typed}: {}",
            answer.header("location")
        );
    }
    assert_eq!(identity::setup_code(&app.app.store).await.unwrap(), None);
}

#[tokio::test]
async fn a_forms_error_is_shown_only_to_the_browser_that_sent_the_form() {
    let app = TestApp::start().await;
    app.browser("ada@example.org").await;
    let nobody = app.anonymous();
    let form = [("email", "ada@example.org"), ("password", "guess")];
    let answer = nobody
        .submits("/fn/account/sign-in", "/sign-in", &form)
        .await;
    let page = answer.header("location").to_owned();
    let cookie = answer.header("set-cookie").to_owned();
    let sender = Person {
        credential: Some(("cookie", cookie.split(';').next().unwrap().to_owned())),
        ..nobody.clone()
    };
    let sentence = "The email address or the password is wrong";
    assert!(sender.gets(&page).await.text().contains(sentence));
    assert!(!nobody.gets(&page).await.text().contains(sentence));
    let (start, _) = page.split_once("__err=").unwrap();
    for foreign in ["IlNpZ25lZE91dCI=", "eyJSZWZ1c2VkIjoiQ2FsbCAwMTIzIn0="] {
        let page = sender.gets(&format!("{start}__err={foreign}")).await;
        assert!(!page.text().contains("role=\"alert\""), "{foreign}");
    }
}

#[tokio::test]
async fn arguments_that_cannot_be_read_are_the_clients_error() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    for (path, body) in [
        ("/fn/account/sign-in", ""),
        ("/fn/account/sign-in", "email=a%40b"),
        ("/fn/keys/create", "nonsense"),
        ("/fn/page/chat", "part=%FF"),
    ] {
        let request = ada.request(Method::POST, path);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = Answer::to(request.body(body)).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text());
    }
}

#[tokio::test]
async fn metrics_need_the_token_or_an_admin() {
    let app = TestApp::start().await;
    assert_eq!(app.metrics().await.status, 200);
    assert_eq!(app.admin().await.gets("/metrics").await.status, 200);
    let nobody = app.anonymous();
    assert_eq!(nobody.gets("/metrics").await.status, 401);
    let wrong = nobody
        .request(Method::GET, "/metrics")
        .bearer_auth("a token");
    assert_eq!(Answer::to(wrong).await.status, 401);
    let without = TestApp::with(|config| config.metrics_token = None, |_| {}).await;
    let empty = without
        .anonymous()
        .request(Method::GET, "/metrics")
        .bearer_auth("");
    assert_eq!(Answer::to(empty).await.status, 401);
}

#[tokio::test]
async fn responses_are_not_cached_unless_they_say_so() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    for path in [
        "/api/work-log/list",
        "/api/conversations",
        "/api/nonsense",
        "/openapi.json",
        "/healthz",
        "/settings",
    ] {
        let answer = ada.gets(path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn requests_without_a_limit_of_their_own_are_limited_by_user() {
    let app = TestApp::with(|config| config.limits.requests_per_minute = 5, |_| {}).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let entry = ada.notes("x").await;
    let path = format!("/api/work-log/{}", entry["id"].as_str().unwrap());
    let mut statuses = Vec::new();
    statuses.push(ada.gets("/api/work-log/list").await.status);
    statuses.push(ada.gets("/api/work-log/list?after=nonsense").await.status);
    statuses.push(ada.sends_patch(&path, json!({ "title": "y" })).await.status);
    statuses.push(ada.gets("/api/work-log/export").await.status);
    statuses.push(ada.deletes(&path).await.status);
    for request in [
        ada.gets("/api/work-log/list").await,
        ada.sends_patch(&path, json!({ "title": "z" })).await,
        ada.deletes(&path).await,
        ada.gets("/").await,
    ] {
        assert!(!request.header("retry-after").is_empty());
        statuses.push(request.status);
    }
    assert_eq!(statuses, [200, 422, 200, 200, 200, 429, 429, 429, 429]);
    ada.notes("creates have a limit of their own").await;
    assert_eq!(bob.gets("/api/work-log/list").await.status, 200);
    app.app.clock.advance(60_000);
    assert_eq!(ada.gets("/api/work-log/list").await.status, 200);
}

#[tokio::test]
async fn an_export_is_aborted_when_its_owner_is_disabled() {
    let app = TestApp::start().await;
    app.admin().await;
    let ada = app.browser("ada@example.org").await;
    let (_, cookie) = ada.credential.clone().unwrap();
    let session = cookie.split_once('=').unwrap().1.to_owned();
    let parts = stream::iter(["a", "b", "c"].map(|part| Ok(part.to_owned())));
    let credential = Credential::Session(session);
    let identity = credential.identity(&app.app).await.unwrap().unwrap();
    let mut export = pin!(while_allowed(app.app.clone(), identity, parts));
    assert_eq!(export.next().await.unwrap().unwrap(), "a");
    // the wake-up of another change of access keeps the export
    app.app.store.wakeups().access(ada.id);
    assert_eq!(export.next().await.unwrap().unwrap(), "b");
    let now = app.app.clock.now();
    identity::disable(&app.app.store, now, ada.id)
        .await
        .unwrap();
    assert!(export.next().await.unwrap().is_err());
}
