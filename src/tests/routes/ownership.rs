//! Data of another user is 404 on every route; an anonymous request is 401.

use crate::tests::support::{Answer, Person, TestApp};
use reqwest::Method;
use serde_json::json;

/// Every route that names data: method, address, body.
fn routes(entry: &str, conversation: &str, file: &str) -> Vec<(Method, String, serde_json::Value)> {
    let in_conversation =
        json!({"logType": "info", "status": "info", "title": "x", "conversationId": conversation});
    let under_entry = json!({"logType": "info", "status": "info", "title": "x", "parentId": entry});
    vec![
        (Method::GET, format!("/api/work-log/{entry}"), json!(null)),
        (
            Method::PATCH,
            format!("/api/work-log/{entry}"),
            json!({"title": "mine now"}),
        ),
        (
            Method::DELETE,
            format!("/api/work-log/{entry}"),
            json!(null),
        ),
        (
            Method::POST,
            "/api/work-log/create".to_owned(),
            in_conversation,
        ),
        (Method::POST, "/api/work-log/create".to_owned(), under_entry),
        (
            Method::GET,
            format!("/api/work-log/list?conversationId={conversation}"),
            json!(null),
        ),
        (
            Method::GET,
            format!("/api/work-log/stream?conversationId={conversation}"),
            json!(null),
        ),
        (
            Method::GET,
            format!("/api/conversations/{conversation}"),
            json!(null),
        ),
        (
            Method::PATCH,
            format!("/api/conversations/{conversation}"),
            json!({"title": "mine now"}),
        ),
        (
            Method::DELETE,
            format!("/api/conversations/{conversation}"),
            json!(null),
        ),
        (
            Method::POST,
            format!("/api/conversations/{conversation}/messages"),
            json!({"content": "x"}),
        ),
        (
            Method::POST,
            format!("/api/conversations/{conversation}/messages"),
            json!({"content": "x", "replaces": entry}),
        ),
        (
            Method::POST,
            format!("/api/conversations/{conversation}/regenerate"),
            json!({}),
        ),
        (
            Method::POST,
            format!("/api/conversations/{conversation}/stop"),
            json!({}),
        ),
        (
            Method::POST,
            format!("/api/conversations/{conversation}/approvals/{entry}"),
            json!({"decision": "once"}),
        ),
        (Method::GET, format!("/files/{file}"), json!(null)),
        (Method::GET, format!("/c/{conversation}"), json!(null)),
    ]
}

async fn request(
    who: &Person,
    (method, address, body): &(Method, String, serde_json::Value),
) -> Answer {
    let request = who.request(method.clone(), address);
    Answer::to(if body.is_null() {
        request
    } else {
        request.json(body)
    })
    .await
}

#[tokio::test]
async fn data_of_another_user_is_404_on_every_route() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (entry, conversation) = (ada.notes("private").await, ada.begins().await);
    let cursor = ada.cursor().await;
    let nothing = "0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f";
    for route in routes(entry["id"].as_str().unwrap(), &conversation, nothing) {
        let (foreign, missing) = (
            request(&bob, &route).await,
            request(
                &bob,
                &(
                    route.0.clone(),
                    route.1.replace(&conversation, nothing),
                    route.2.clone(),
                ),
            )
            .await,
        );
        assert_eq!((foreign.status, missing.status), (404, 404), "{route:?}");
        assert!(!foreign.text().contains("private"), "{route:?}");
    }
    assert_eq!(
        (ada.cursor().await, bob.lists("").await["count"].clone()),
        (cursor, json!(0))
    );
}

#[tokio::test]
async fn anonymous_requests_are_401_on_every_route() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let (entry, conversation, anonymous) = (
        ada.notes("private").await,
        ada.begins().await,
        app.anonymous(),
    );
    for route in routes(entry["id"].as_str().unwrap(), &conversation, &conversation) {
        let answer = request(&anonymous, &route).await;
        let expected = match route.1.as_str() {
            address if address.starts_with("/c/") => 303,
            address if address.contains("/stream") => 200,
            _ => 401,
        };
        assert_eq!(answer.status, expected, "{route:?}");
        assert!(!answer.text().contains("private"), "{route:?}");
    }
    for address in [
        "/api/work-log/list",
        "/api/work-log/stats",
        "/api/conversations",
    ] {
        let answer = anonymous.gets(address).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, "Bearer"),
            "{address}"
        );
    }
}

#[tokio::test]
async fn an_almost_correct_key_is_rejected() {
    let app = TestApp::start().await;
    let ada = app.key_of(&app.person("ada@example.org").await).await;
    let right = ada.credential.as_ref().unwrap().1.clone();
    let last = if right.ends_with('0') { "1" } else { "0" };
    for wrong in [
        format!("{}{last}", &right[..right.len() - 1]),
        right.replace("Bearer ", "Basic "),
        "Bearer holly_".into(),
        "Bearer x".into(),
    ] {
        let client = Person {
            credential: Some(("authorization", wrong.clone())),
            ..ada.clone()
        };
        assert_eq!(
            client.gets("/api/work-log/list").await.status,
            401,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn streams_carry_only_entries_of_their_user() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let mut stream = bob.streams("").await;
    stream.next_event().await;
    ada.notes("private").await;
    let note = bob.notes("mine").await;
    assert_eq!(stream.next_event().await.data["entry"], note);
}
