//! The hook with a stream that the test controls.

use super::page::{Page, at, conversation, feed, feed_row, js, message, stream_url, titles, until};
use crate::{
    domain::ids::MessageId,
    live::{Connection, clock, on_reload},
};
use leptos::prelude::*;
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn rows_appear_as_they_arrive() {
    let page = Page::open(1);
    assert_eq!(
        page.stream.connection.get_untracked(),
        Connection::Connecting
    );
    assert_eq!(
        stream_url(1).await,
        format!("/api/work-log/stream?after={}", at(5))
    );
    js("fakes.streams[0].open()");
    assert_eq!(page.stream.connection.get_untracked(), Connection::Live);
    feed_row("conversation", 5, &conversation(1, 6));
    until("the row is there", || page.titles() == ["c1 r6"]).await;
}

#[wasm_bindgen_test]
async fn a_burst_loses_nothing() {
    let page = Page::open(2);
    stream_url(1).await;
    for rev in 6..506 {
        feed_row("conversation", rev - 1, &conversation(rev as u128, rev));
    }
    until("all 500 rows are there", || page.titles().len() == 500).await;
    assert_eq!(js("fakes.streams.length"), 1);
}

#[wasm_bindgen_test]
async fn a_broken_stream_resumes_from_its_cursor() {
    let page = Page::open(3);
    stream_url(1).await;
    feed_row("conversation", 5, &conversation(1, 9));
    js("fakes.streams[0].fail()");
    assert!(matches!(
        page.stream.connection.get_untracked(),
        Connection::Retrying { attempt: 1, .. }
    ));
    assert_eq!(js("fakes.streams[0].readyState"), 2);
    page.stream.retry.run(());
    assert!(stream_url(2).await.ends_with(&format!("after={}", at(9))));
    until("rows from before the break stay", || {
        page.titles() == ["c1 r9"]
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_silent_stream_is_closed() {
    let page = Page::open(10);
    stream_url(1).await;
    feed("heartbeat", &at(7).to_string(), &json!({}));
    js("fakes.pass(41_000)");
    until("it is closed", || js("fakes.streams[0].readyState") == 2).await;
    page.stream.retry.run(());
    assert!(stream_url(2).await.ends_with(&format!("after={}", at(7))));
}

#[wasm_bindgen_test]
async fn a_gap_reopens_the_stream_from_its_cursor() {
    let _page = Page::open(4);
    stream_url(1).await;
    feed_row("conversation", 5, &conversation(1, 6));
    feed_row("conversation", 8, &conversation(2, 9));
    assert!(stream_url(2).await.ends_with(&format!("after={}", at(6))));
    assert_eq!(js("fakes.streams[0].readyState"), 2);
}

#[wasm_bindgen_test]
async fn a_reset_reloads_the_page_once() {
    on_reload(|| drop(js("fakes.reloads += 1")));
    let _page = Page::open(5);
    stream_url(1).await;
    feed("reset", "", &json!({"reason": "too_old"}));
    feed("reset", "", &json!({"reason": "too_old"}));
    assert_eq!(js("fakes.reloads"), 1);
    assert_eq!(js("fakes.streams[0].readyState"), 2);
}

#[wasm_bindgen_test]
async fn an_answer_grows_by_deltas_until_it_is_whole() {
    let page = Page::open(6);
    let id = MessageId::from_uuid(Uuid::from_u128(1));
    let text = || {
        page.stream
            .answers
            .with_untracked(|answers| Some(answers.get(&id)?.rest.clone()))
    };
    let delta = |offset: usize, text: &str| {
        feed(
            "delta",
            "",
            &json!({"messageId": id, "offset": offset, "text": text}),
        )
    };
    stream_url(1).await;
    feed_row("message", 5, &message(id, "streaming", "Once", 6));
    for (offset, piece) in [(4, " upon"), (4, " upon a"), (40, "lost"), (11, " time")] {
        delta(offset, piece);
    }
    until("the text has grown", || {
        text().as_deref() == Some("Once upon a time")
    })
    .await;
    feed_row("message", 6, &message(id, "done", "Once upon a time.", 7));
    delta(16, " late");
    until("a whole answer has no live text", || text().is_none()).await;
}

#[wasm_bindgen_test]
async fn islands_share_one_stream_from_the_lowest_cursor() {
    let page = Page::open(7);
    let island = page.island(3);
    assert!(stream_url(1).await.ends_with(&format!("after={}", at(3))));
    feed_row("conversation", 3, &conversation(1, 6));
    until("both have the row", || {
        page.titles() == ["c1 r6"] && titles(island) == ["c1 r6"]
    })
    .await;
    let latecomer = page.island(2);
    assert!(stream_url(2).await.ends_with(&format!("after={}", at(2))));
    feed_row("conversation", 2, &conversation(2, 4));
    until("the island added later has it too", || {
        titles(latecomer) == ["c2 r4"]
    })
    .await;
}

#[wasm_bindgen_test]
async fn rows_are_polled_when_streams_fail() {
    let page = Page::open(8);
    let body = json!({
        "success": true, "conversations": [conversation(1, 8)], "cursor": at(8), "more": false
    });
    stream_url(1).await;
    js(&format!("fakes.answer = {}", json!(body.to_string())));
    for broken in 1..=3 {
        stream_url(broken).await;
        js("fakes.streams.at(-1).fail()");
        page.stream.retry.run(());
    }
    until("the polled row is there", || page.titles() == ["c1 r8"]).await;
    assert_eq!(page.stream.connection.get_untracked(), Connection::Polling);
    assert_eq!(
        js("fakes.polls[0]"),
        format!("/api/work-log/list?after={}&limit=200", at(5)).as_str()
    );
}

#[wasm_bindgen_test]
async fn the_clock_runs_on_server_time_after_hydration() {
    let _page = Page::open(9);
    let start = 1_795_512_600_000;
    let server_time = start + 1..start + 600_000;
    until("the clock runs on server time", || {
        server_time.contains(&clock::each_second().millis())
    })
    .await;
}
