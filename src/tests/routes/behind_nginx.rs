//! The live feed behind nginx with its default proxy settings; nginx's read timeout and Holly's
//! heartbeat are shortened, leaving enough slack for a busy machine.

use crate::tests::support::{Nginx, Person, Sse, TestApp, within};
use reqwest::Method;
use std::time::Duration;

async fn with_heartbeat(heartbeat: Duration) -> TestApp {
    TestApp::with(|_| {}, |app| app.timing.heartbeat = heartbeat).await
}

#[tokio::test]
async fn heartbeats_keep_an_idle_stream_open_behind_nginx() {
    let app = with_heartbeat(Duration::from_millis(500)).await;
    let ada = app.person("ada@example.org").await;
    let nginx = Nginx::before(&ada.base, "5s").await;
    let proxied = Person {
        base: nginx.base.clone(),
        ..ada.clone()
    };
    let mut stream = Sse::open(proxied.request(Method::GET, "/api/work-log/stream")).await;
    assert_eq!(
        (
            stream.status,
            stream.headers["content-type"].to_str().unwrap()
        ),
        (200, "text/event-stream")
    );
    for _ in 0..11 {
        assert_eq!(stream.next_event().await.event, "heartbeat");
    }
    ada.notes("after more than its patience").await;
    assert_eq!(
        stream.next_named("entry").await.data["entry"]["title"],
        "after more than its patience"
    );
}

#[tokio::test]
async fn a_stream_cut_by_nginx_resumes_from_its_cursor() {
    let app = with_heartbeat(Duration::from_secs(3_600)).await;
    let ada = app.person("ada@example.org").await;
    let nginx = Nginx::before(&ada.base, "4s").await;
    let proxied = Person {
        base: nginx.base.clone(),
        ..ada.clone()
    };
    let mut stream = within(
        "a stream",
        proxied.request(Method::GET, "/api/work-log/stream").send(),
    )
    .await
    .unwrap();
    let opening = String::from_utf8(
        within("an opening", stream.chunk())
            .await
            .unwrap()
            .unwrap()
            .to_vec(),
    )
    .unwrap();
    let cursor = opening
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap()
        .to_owned();
    let cut = within("the cut", stream.chunk()).await;
    assert!(
        !matches!(cut, Ok(Some(_))),
        "nginx did not time out without a heartbeat: this test proves nothing"
    );
    ada.notes("while nobody listened").await;
    let mut again = Sse::open(
        proxied
            .request(Method::GET, "/api/work-log/stream")
            .header("last-event-id", cursor),
    )
    .await;
    assert_eq!(
        again.next_named("entry").await.data["entry"]["title"],
        "while nobody listened"
    );
}
