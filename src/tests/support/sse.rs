//! A reader of Server-Sent Events by the WHATWG HTML standard ("Interpreting an event stream"),
//! deliberately independent of the server's code.

use super::within;
use futures::{StreamExt, stream::BoxStream};
use serde_json::Value;
use std::collections::VecDeque;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tests) struct Event {
    /// The `id` field of this event.
    pub(in crate::tests) id: Option<String>,
    pub(in crate::tests) event: String,
    pub(in crate::tests) data: Value,
}

/// An incremental parser of event streams.
#[derive(Debug, Default)]
pub(in crate::tests) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    id: Option<String>,
    event: String,
    data: String,
    /// The requested reconnection time in milliseconds.
    pub(in crate::tests) retry_ms: Option<u64>,
    /// The last id seen, from which to resume.
    pub(in crate::tests) last_id: Option<String>,
}

impl Parser {
    /// Parses bytes; returns the events they complete.
    pub(in crate::tests) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_cr) => {}
                b'\n' | b'\r' => {
                    self.after_cr = *byte == b'\r';
                    let line = String::from_utf8(std::mem::take(&mut self.line))
                        .expect("a stream is UTF-8");
                    events.extend(self.line(&line));
                }
                byte => {
                    self.after_cr = false;
                    self.line.push(*byte);
                }
            }
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => self.data.push_str(&format!("{value}\n")),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" => self.retry_ms = value.parse().ok().or(self.retry_ms),
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let (id, event, data) = (
            self.id.take(),
            std::mem::take(&mut self.event),
            std::mem::take(&mut self.data),
        );
        self.last_id = id.clone().or(self.last_id.take());
        (!data.is_empty()).then(|| Event {
            id,
            event,
            data: serde_json::from_str(data.trim_end_matches('\n')).unwrap(),
        })
    }
}

/// An open stream; dropping it closes the connection.
pub(in crate::tests) struct Sse {
    pub(in crate::tests) status: u16,
    pub(in crate::tests) headers: reqwest::header::HeaderMap,
    pub(in crate::tests) parser: Parser,
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    ready: VecDeque<Event>,
}

impl Sse {
    pub(in crate::tests) async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = within("a stream", request.send()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self {
            status,
            headers,
            parser: Parser::default(),
            bytes: response.bytes_stream().boxed(),
            ready: VecDeque::new(),
        }
    }

    /// The next event, or `None` when the stream ends.
    pub(in crate::tests) async fn next(&mut self) -> Option<Event> {
        while self.ready.is_empty() {
            let bytes = within("an event", self.bytes.next()).await?.unwrap();
            self.ready.extend(self.parser.push(&bytes));
        }
        self.ready.pop_front()
    }

    /// The next event; the stream must not end.
    pub(in crate::tests) async fn next_event(&mut self) -> Event {
        self.next().await.expect("the stream ended")
    }

    /// The next event of this name; others are skipped.
    pub(in crate::tests) async fn next_named(&mut self, name: &str) -> Event {
        // heartbeats keep `next` from timing out, so the whole loop has a timeout
        within(name, async {
            loop {
                let event = self.next_event().await;
                if event.event == name {
                    return event;
                }
            }
        })
        .await
    }

    /// The row events up to and including the first for which `last` is true.
    pub(in crate::tests) async fn rows_until(
        &mut self,
        last: impl Fn(&Event) -> bool,
    ) -> Vec<Event> {
        let mut rows = Vec::new();
        within("the last row", async {
            loop {
                let event = self.next_event().await;
                let done = last(&event);
                rows.extend(Some(event).filter(|event| event.data.get("prev").is_some()));
                if done {
                    return;
                }
            }
        })
        .await;
        rows
    }
}

#[test]
fn the_parser_follows_the_standard() {
    let text = "\u{feff}: comment\rretry: 5\r\n\r\nid: 1\nevent: a\ndata:{\"x\":\ndata: 1}\n\n\
                event: lost\n\nid\ndata: 2\n\ndata: cut";
    let whole = Parser::default().push(text.as_bytes());
    let mut parser = Parser::default();
    let bytewise: Vec<Event> = text.bytes().flat_map(|byte| parser.push(&[byte])).collect();
    assert_eq!(whole, bytewise);
    let event = |id: &str, event: &str, data: Value| Event {
        id: Some(id.into()),
        event: event.into(),
        data,
    };
    assert_eq!(
        whole,
        [
            event("1", "a", serde_json::json!({"x": 1})),
            event("", "", serde_json::json!(2))
        ]
    );
    assert_eq!(
        (parser.retry_ms, parser.last_id.as_deref()),
        (Some(5), Some(""))
    );
}
