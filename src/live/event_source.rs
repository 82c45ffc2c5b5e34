//! The browser's `EventSource`, and nothing but: events are handed on in its own callback, one by
//! one, because a signal would keep only the last of a burst. It decides nothing; `machine` does.

use super::wire::RawEvent;
use crate::domain::Cursor;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{EventSource, MessageEvent};

/// The names under which frames arrive.
const EVENTS: [&str; 10] = [
    "entry",
    "message",
    "conversation",
    "removed",
    "delta",
    "block",
    "heartbeat",
    "reset",
    "busy",
    "auth",
];

/// What an open stream says.
pub(super) enum Said {
    Opened,
    Event(RawEvent),
    Failed,
}

/// An open stream; dropping it closes it and frees its callbacks.
pub(super) struct EventStream {
    source: EventSource,
    _event: Closure<dyn FnMut(MessageEvent)>,
    _opened: Closure<dyn FnMut()>,
    _failed: Closure<dyn FnMut()>,
}

impl EventStream {
    /// Opens the stream after `cursor`. The browser's own reconnecting is never used: it knows no
    /// backoff, and gives up for good on any status but 200.
    pub(super) fn open(after: Cursor, hear: fn(Said)) -> Result<Self, JsValue> {
        let source = EventSource::new(&format!("/api/work-log/stream?after={after}"))?;
        let event = Closure::new(move |event: MessageEvent| hear(Said::Event(raw(&event))));
        let opened = Closure::new(move || hear(Said::Opened));
        let failed = Closure::new(move || hear(Said::Failed));
        for name in EVENTS {
            source.add_event_listener_with_callback(name, event.as_ref().unchecked_ref())?;
        }
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Ok(Self {
            source,
            _event: event,
            _opened: opened,
            _failed: failed,
        })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

fn raw(event: &MessageEvent) -> RawEvent {
    RawEvent {
        name: event.type_(),
        id: event.last_event_id(),
        data: event.data().as_string().unwrap_or_default(),
    }
}
