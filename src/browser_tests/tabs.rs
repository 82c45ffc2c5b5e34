//! Several tabs of one browser, simulated with its own locks and channels.

use super::page::{Page, at, conversation, feed_row, js, stream_url, until};
use crate::{domain::ids::UserId, live::Connection};
use leptos::prelude::*;
use serde_json::json;
use uuid::Uuid;
use wasm_bindgen_test::wasm_bindgen_test;

fn feed_name(user: u128) -> String {
    json!(format!(
        "holly-feed-{}",
        UserId::from_uuid(Uuid::from_u128(user))
    ))
    .to_string()
}

/// Makes another tab the leader: it holds the lock until `letGo()`.
fn another_tab_leads(user: u128, options: &str) {
    let name = feed_name(user);
    js(&format!(
        "navigator.locks.request({name}, {options}, () => new Promise(go => window.letGo = go))"
    ));
}

/// Broadcasts an event as the leading tab does.
fn share(user: u128, name: &str, id: &str, data: &serde_json::Value) {
    let event = json!([name, id, data.to_string()]);
    js(&format!(
        "window.channel ??= new BroadcastChannel({}); channel.postMessage({event})",
        feed_name(user)
    ));
}

#[wasm_bindgen_test]
async fn a_follower_gets_events_from_the_leader_and_can_succeed_it() {
    another_tab_leads(21, "{}");
    let page = Page::open(21);
    let polled = json!({
        "success": true, "conversations": [conversation(1, 7)], "cursor": at(7), "more": false
    });
    js(&format!("fakes.answer = {}", json!(polled.to_string())));
    until("it has caught up by a poll", || page.titles() == ["c1 r7"]).await;
    assert_eq!(page.stream.connection.get_untracked(), Connection::Live);
    js("window.channel = undefined");
    share(
        21,
        "conversation",
        &at(8).to_string(),
        &json!({"prev": at(7), "conversation": conversation(2, 8)}),
    );
    until("it has what the leader shared", || {
        page.titles() == ["c1 r7", "c2 r8"]
    })
    .await;
    let page_event = json!({"conversations": [conversation(3, 9)], "cursor": at(9)});
    share(21, "page", &at(8).to_string(), &page_event);
    until("and what the leader polled", || page.titles().len() == 3).await;
    assert_eq!(
        (js("fakes.streams.length"), js("fakes.polls.length")),
        (0.into(), 1.into())
    );
    js("letGo()");
    assert!(stream_url(1).await.ends_with(&format!("after={}", at(9))));
}

#[wasm_bindgen_test]
async fn a_leader_shares_events_and_steps_back_when_it_loses_the_lock() {
    let page = Page::open(22);
    stream_url(1).await;
    js(&format!(
        "window.shared = []; window.listener = new BroadcastChannel({}); \
         listener.onmessage = e => shared.push(e.data)",
        feed_name(22)
    ));
    feed_row("conversation", 5, &conversation(1, 6));
    until("other tabs get it", || js("shared.length") == 1).await;
    assert_eq!(
        js("shared[0][0] + ' ' + shared[0][1]"),
        format!("conversation {}", at(6)).as_str()
    );
    another_tab_leads(22, "{steal: true}");
    until("its stream is closed", || {
        js("fakes.streams[0].readyState") == 2
    })
    .await;
    js("letGo()");
    assert!(stream_url(2).await.ends_with(&format!("after={}", at(6))));
    until("it has lost nothing", || page.titles() == ["c1 r6"]).await;
}

#[wasm_bindgen_test]
async fn a_follower_learns_at_once_that_the_leader_lost_the_server() {
    another_tab_leads(25, "{}");
    let page = Page::open(25);
    js(&format!(
        "fakes.answer = {}",
        json!(json!({"cursor": at(6)}).to_string())
    ));
    until("it has caught up by a poll", || {
        page.stream.connection.get_untracked() == Connection::Live
    })
    .await;
    js("fakes.answer = null; window.channel = undefined");
    share(25, "lost", "", &json!({}));
    let retrying = || {
        matches!(
            page.stream.connection.get_untracked(),
            Connection::Retrying { .. }
        )
    };
    until("it shows that it is retrying", retrying).await;
    js("letGo()");
}

#[wasm_bindgen_test]
async fn a_silent_leader_loses_the_lock() {
    another_tab_leads(24, "{}");
    let page = Page::open(24);
    js(&format!(
        "fakes.answer = {}",
        json!(json!({"cursor": at(6)}).to_string())
    ));
    until("it has caught up by a poll", || {
        page.stream.connection.get_untracked() == Connection::Live
    })
    .await;
    js("fakes.pass(41_000)");
    assert!(stream_url(1).await.ends_with(&format!("after={}", at(6))));
    assert_eq!(js("fakes.polls.length"), 2);
}

#[wasm_bindgen_test]
async fn without_web_locks_each_tab_opens_a_stream() {
    js("Object.defineProperty(navigator, 'locks', {value: undefined, configurable: true})");
    let page = Page::open(23);
    stream_url(1).await;
    js("delete navigator.locks");
    feed_row("conversation", 5, &conversation(1, 6));
    until("the row is there", || page.titles() == ["c1 r6"]).await;
}
