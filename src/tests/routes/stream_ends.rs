//! How streams are refused and end: always with status 200 and a final event.

use crate::{
    domain::time::DAY_MS,
    server::{feed::Timing, identity, store::api_keys},
    tests::support::{Answer, Event, Person, Sse, TestApp, within},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// The retry delay and all events of a stream that ends by itself.
async fn read_all(mut stream: Sse) -> (Option<u64>, Vec<Event>) {
    let mut events = Vec::new();
    while let Some(event) = stream.next().await {
        events.push(event);
    }
    (stream.parser.retry_ms, events)
}

fn lone(event: &str, data: Value) -> Vec<Event> {
    vec![Event {
        id: None,
        event: event.to_owned(),
        data,
    }]
}

#[tokio::test]
async fn an_anonymous_stream_gets_an_auth_event() {
    let app = TestApp::start().await;
    let stream = app.anonymous().streams("").await;
    assert_eq!(stream.status, 200);
    assert_eq!(
        read_all(stream).await,
        (Some(3_600_000), lone("auth", json!({})))
    );
}

#[tokio::test]
async fn a_stream_over_the_limit_gets_a_busy_event_until_one_closes() {
    let app = TestApp::with(|config| config.limits.max_streams = 2, |_| {}).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (one, _two) = (ada.streams("").await, ada.streams("").await);
    let third = ada.streams("").await;
    assert_eq!(third.status, 200);
    assert_eq!(
        read_all(third).await,
        (Some(30_000), lone("busy", json!({})))
    );
    assert_eq!(bob.streams("").await.next_event().await.event, "heartbeat");
    drop(one);
    within("a free stream slot", async {
        while ada.streams("").await.next_event().await.event == "busy" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_invalid_cursor_gets_exactly_one_reset() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let epoch = ada.cursor().await.split_once('.').unwrap().0.to_owned();
    for (cursor, reason) in [
        ("00c0ffee00c0ffee.0".to_owned(), "foreign_epoch"),
        (format!("{epoch}.9"), "future"),
    ] {
        let events = read_all(ada.streams(&format!("after={cursor}")).await)
            .await
            .1;
        assert_eq!(events, lone("reset", json!({ "reason": reason })));
    }
}

#[tokio::test]
async fn a_malformed_cursor_is_refused() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    assert_eq!(
        ada.gets("/api/work-log/stream?after=7")
            .await
            .refused_fields(),
        ["after"]
    );
    let answer = ada
        .request(Method::GET, "/api/work-log/stream")
        .header("last-event-id", "7");
    assert_eq!(Sse::open(answer).await.status, 400);
}

async fn open_stream(who: &Person) -> Sse {
    let mut stream = who.streams("").await;
    assert_eq!(stream.next_event().await.event, "heartbeat");
    stream
}

#[tokio::test]
async fn sign_out_ends_the_streams_of_that_session_only() {
    let app = TestApp::start().await;
    let ada = app.browser("ada@example.org").await;
    let other_token = identity::begin_session(
        &app.app.store,
        app.app.clock.now(),
        ada.id,
        "another device",
    )
    .await
    .unwrap();
    let other = Person {
        credential: Some(("cookie", format!("holly_session={other_token}"))),
        ..ada.clone()
    };
    let (stream, mut stays) = (open_stream(&ada).await, open_stream(&other).await);
    let token = ada
        .credential
        .as_ref()
        .unwrap()
        .1
        .split_once('=')
        .unwrap()
        .1
        .to_owned();
    identity::end_session(&app.app.store, ada.id, &token)
        .await
        .unwrap();
    assert_eq!(read_all(stream).await.1, lone("auth", json!({})));
    other.notes("still here").await;
    assert_eq!(
        stays.next_event().await.data["entry"]["title"],
        "still here"
    );
}

#[tokio::test]
async fn revoking_a_key_ends_its_streams() {
    let app = TestApp::start().await;
    let ada = app.key_of(&app.person("ada@example.org").await).await;
    let stream = open_stream(&ada).await;
    let key = api_keys::of_user(&mut app.app.store.read().await.unwrap(), ada.id)
        .await
        .unwrap()
        .remove(0);
    identity::revoke_key(&app.app.store, app.app.clock.now(), ada.id, &key.id)
        .await
        .unwrap();
    assert_eq!(read_all(stream).await.1, lone("auth", json!({})));
    assert_eq!(
        read_all(ada.streams("").await).await.1,
        lone("auth", json!({}))
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_key_expires() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let new = identity::NewKey {
        days: Some(1),
        ..identity::NewKey::from("a test")
    };
    let (store, now) = (&app.app.store, app.app.clock.now());
    let key = identity::create_key(store, now, ada.id, new).await.unwrap();
    let client = Person {
        credential: Some(("authorization", format!("Bearer {key}"))),
        ..ada
    };
    app.app.clock.advance(DAY_MS - 200);
    let (_, events) = read_all(client.streams("").await).await;
    assert_eq!(events.len(), 1, "{events:?}");
    app.app.clock.advance(200);
    assert_eq!(client.gets("/api/work-log/list").await.status, 401);
    assert_eq!(
        read_all(client.streams("").await).await.1,
        lone("auth", json!({}))
    );
}

#[tokio::test]
async fn streams_end_at_their_maximum_age_and_at_shutdown() {
    let timing = Timing {
        life: Duration::from_millis(1),
        ..Timing::default()
    };
    let app = TestApp::with(|_| {}, |app| app.timing = timing).await;
    let ada = app.person("ada@example.org").await;
    let (_, events) = read_all(ada.streams("").await).await;
    assert!(
        events.iter().all(|event| event.event == "heartbeat"),
        "{events:?}"
    );
    let app = TestApp::start().await;
    let stream = open_stream(&app.person("ada@example.org").await).await;
    app.app.shutdown.cancel();
    assert_eq!(read_all(stream).await.1, []);
}

#[tokio::test]
async fn streams_ask_proxies_not_to_buffer_or_compress() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let request = ada
        .request(Method::GET, "/api/work-log/stream")
        .header("accept-encoding", "br, gzip, deflate");
    let mut stream = Sse::open(request).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.headers[name], value);
    }
    assert!(!stream.headers.contains_key("content-encoding"));
    assert_eq!(stream.next_event().await.event, "heartbeat");
    let list = ada
        .request(Method::GET, "/api/work-log/list")
        .header("accept-encoding", "br");
    ada.notes(&"compressible ".repeat(10)).await;
    assert_eq!(Answer::to(list).await.header("content-encoding"), "br");
}
