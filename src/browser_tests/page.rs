//! A page under test: its hook, and the fake server it talks to.

use crate::{
    domain::{
        Change, Cursor, Epoch,
        ids::{ConversationId, MessageId, UserId},
        time::Timestamp,
    },
    live::{StreamStart, WorkLogStream, use_work_log_stream},
};
use leptos::{mount::mount_to, prelude::*};
use serde_json::{Value, json};
use std::{any::Any, cell::Cell, rc::Rc};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};

/// Animation frames after which `until` panics.
const MAX_FRAMES: u32 = 600;
const TIME: &str = "2026-11-24T09:30:00.000Z";

/// A page with one hook, unmounted on drop.
pub(super) struct Page {
    owner: Owner,
    pub(super) stream: WorkLogStream,
    user_id: UserId,
    _mounted: Box<dyn Any>,
}

impl Page {
    /// A page of a user whose rows end at revision 5.
    pub(super) fn open(user: u128) -> Self {
        js(include_str!("fakes.js"));
        let user_id = UserId::from_uuid(Uuid::from_u128(user));
        let hook = Rc::new(Cell::new(None));
        let hook_slot = hook.clone();
        let body = document()
            .body()
            .expect("a page has a body")
            .unchecked_into();
        let mounted = mount_to(body, move || {
            hook_slot.set(Owner::current().zip(Some(use_work_log_stream(start(user_id, 5)))))
        });
        let (owner, stream) = hook.take().expect("a mounted view has been built");
        Self {
            owner,
            stream,
            user_id,
            _mounted: Box::new(mounted),
        }
    }

    /// Adds an island to the page whose rows end at `rev`.
    pub(super) fn island(&self, rev: i64) -> WorkLogStream {
        self.owner
            .with(|| use_work_log_stream(start(self.user_id, rev)))
    }

    pub(super) fn titles(&self) -> Vec<String> {
        titles(self.stream)
    }
}

fn start(user_id: UserId, rev: i64) -> StreamStart {
    let now = Timestamp::from_millis(1_795_512_600_000);
    StreamStart {
        user_id,
        cursor: at(rev),
        rows: Vec::<Change>::new(),
        now,
        cold_days: 90,
    }
}

pub(super) fn at(rev: i64) -> Cursor {
    Cursor {
        epoch: Epoch::from_bits(7),
        rev,
    }
}

/// The titles of the conversations that an island holds, ordered by id.
pub(super) fn titles(stream: WorkLogStream) -> Vec<String> {
    let mut rows: Vec<_> = stream
        .transcript
        .with_untracked(|transcript| transcript.conversations().cloned().collect());
    rows.sort_by_key(|row| row.id);
    rows.iter().map(|row| row.title.clone()).collect()
}

/// A conversation row.
pub(super) fn conversation(n: u128, rev: i64) -> Value {
    let id = ConversationId::from_uuid(Uuid::from_u128(n));
    json!({
        "id": id, "title": format!("c{n} r{rev}"), "createdAt": TIME, "updatedAt": TIME, "rev": rev
    })
}

/// A message row.
pub(super) fn message(id: MessageId, status: &str, content: &str, rev: i64) -> Value {
    json!({
        "id": id, "conversationId": Uuid::from_u128(1), "role": "assistant",
        "content": content, "status": status,
        "createdAt": TIME, "updatedAt": TIME, "rev": rev,
    })
}

/// Delivers an event to the newest stream.
pub(super) fn feed(name: &str, id: &str, data: &Value) {
    js(&format!(
        "fakes.streams.at(-1).feed({}, {}, {})",
        json!(name),
        json!(id),
        json!(data.to_string())
    ));
}

/// Delivers the frame of a row to the newest stream.
pub(super) fn feed_row(kind: &str, prev: i64, row: &Value) {
    let rev = row["rev"].as_i64().expect("rows have a rev");
    feed(
        kind,
        &at(rev).to_string(),
        &json!({"prev": at(prev), kind: row}),
    );
}

/// The URL of the newest stream, once there are `count` streams.
pub(super) async fn stream_url(count: u32) -> String {
    until(&format!("{count} streams"), || {
        js("fakes.streams.length") == count
    })
    .await;
    js("fakes.streams.at(-1).url")
        .as_string()
        .expect("an address is text")
}

/// Runs JavaScript.
pub(super) fn js(code: &str) -> JsValue {
    js_sys::eval(code).expect("the test's own script runs")
}

/// Waits for animation frames until `done`; panics after `MAX_FRAMES`.
pub(super) async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..MAX_FRAMES {
        if done() {
            return;
        }
        frame().await;
    }
    panic!("never happened: {what}");
}

/// Waits for one animation frame.
pub(super) async fn frame() {
    let passed = js("new Promise(passed => requestAnimationFrame(() => passed()))");
    let _ = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::from(passed)).await;
}
