//! The live feed behind nginx with its default settings (D7): its wait for the next byte is shorter
//! here, and Holly's heartbeat, too; so much shorter that a busy machine keeps up with it.

use crate::tests::support::{Nginx, Person, Sse, TestApp, within};
use reqwest::Method;
use std::time::Duration;

async fn with_heartbeat(heartbeat: Duration) -> TestApp {
    TestApp::with(|_| {}, |app| app.timing.heartbeat = heartbeat).await
}

#[tokio::test]
async fn an_idle_stream_outlives_the_patience_of_nginx() {
    let app = with_heartbeat(Duration::from_millis(500)).await;
    let ada = app.person("ada@example.org").await;
    let nginx = Nginx::before(&ada.base, "5s").await;
    let there = Person {
        base: nginx.base.clone(),
        ..ada.clone()
    };
    let mut stream = Sse::open(there.request(Method::GET, "/api/work-log/stream")).await;
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
async fn a_stream_that_nginx_cuts_goes_on_from_its_cursor() {
    let app = with_heartbeat(Duration::from_secs(3_600)).await;
    let ada = app.person("ada@example.org").await;
    let nginx = Nginx::before(&ada.base, "4s").await;
    let there = Person {
        base: nginx.base.clone(),
        ..ada.clone()
    };
    let mut stream = within(
        "a stream",
        there.request(Method::GET, "/api/work-log/stream").send(),
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
        "nginx has patience without a heartbeat: the test has lost its teeth"
    );
    ada.notes("while nobody listened").await;
    let mut again = Sse::open(
        there
            .request(Method::GET, "/api/work-log/stream")
            .header("last-event-id", cursor),
    )
    .await;
    assert_eq!(
        again.next_named("entry").await.data["entry"]["title"],
        "while nobody listened"
    );
}
