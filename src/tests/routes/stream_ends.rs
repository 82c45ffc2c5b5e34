//! How streams are refused and how they end: always with status 200 and a word.

use crate::{
    server::{feed::Timing, identity, store::api_keys},
    tests::support::{Answer, Event, Person, Sse, TestApp, within},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Every event of a stream that ends by itself.
async fn all(mut stream: Sse) -> (Option<u64>, Vec<Event>) {
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
async fn signed_out_is_said_on_the_stream_itself() {
    let app = TestApp::start().await;
    let stream = app.nobody().streams("").await;
    assert_eq!(stream.status, 200);
    assert_eq!(
        all(stream).await,
        (Some(3_600_000), lone("auth", json!({})))
    );
}

#[tokio::test]
async fn over_the_limit_is_said_on_the_stream_itself_and_a_place_becomes_free_again() {
    let app = TestApp::with(|config| config.limits.max_streams = 2, |_| {}).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (one, _two) = (ada.streams("").await, ada.streams("").await);
    let third = ada.streams("").await;
    assert_eq!(third.status, 200);
    assert_eq!(all(third).await, (Some(30_000), lone("busy", json!({}))));
    assert_eq!(bob.streams("").await.next_event().await.event, "heartbeat");
    drop(one);
    within("a free place", async {
        while ada.streams("").await.next_event().await.event == "busy" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_that_cannot_be_continued_gets_exactly_one_reset() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let epoch = ada.cursor().await.split_once('.').unwrap().0.to_owned();
    for (cursor, reason) in [
        ("00c0ffee00c0ffee.0".to_owned(), "foreign_epoch"),
        (format!("{epoch}.9"), "future"),
    ] {
        let events = all(ada.streams(&format!("after={cursor}")).await).await.1;
        assert_eq!(events, lone("reset", json!({ "reason": reason })));
    }
}

#[tokio::test]
async fn a_cursor_from_nowhere_is_refused_like_any_crooked_request() {
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

async fn opened(who: &Person) -> Sse {
    let mut stream = who.streams("").await;
    assert_eq!(stream.next_event().await.event, "heartbeat");
    stream
}

#[tokio::test]
async fn signing_out_ends_the_streams_of_that_session_only() {
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
    let (stream, mut stays) = (opened(&ada).await, opened(&other).await);
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
    assert_eq!(all(stream).await.1, lone("auth", json!({})));
    other.notes("still here").await;
    assert_eq!(
        stays.next_event().await.data["entry"]["title"],
        "still here"
    );
}

#[tokio::test]
async fn revoking_a_key_ends_its_streams() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.org").await;
    let stream = opened(&ada).await;
    let key = api_keys::of_user(&mut app.app.store.read().await.unwrap(), ada.id)
        .await
        .unwrap()
        .remove(0);
    identity::revoke_key(&app.app.store, app.app.clock.now(), ada.id, &key.id)
        .await
        .unwrap();
    assert_eq!(all(stream).await.1, lone("auth", json!({})));
    assert_eq!(all(ada.streams("").await).await.1, lone("auth", json!({})));
}

#[tokio::test]
async fn streams_end_when_their_time_is_over_and_when_the_server_ends() {
    let timing = Timing {
        life: Duration::from_millis(1),
        ..Timing::default()
    };
    let app = TestApp::with(|_| {}, |app| app.timing = timing).await;
    let ada = app.person("ada@example.org").await;
    let (_, events) = all(ada.streams("").await).await;
    assert!(
        events.iter().all(|event| event.event == "heartbeat"),
        "{events:?}"
    );
    let app = TestApp::start().await;
    let stream = opened(&app.person("ada@example.org").await).await;
    app.app.shutdown.cancel();
    assert_eq!(all(stream).await.1, []);
}

#[tokio::test]
async fn nothing_between_server_and_reader_may_hold_frames_back() {
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
