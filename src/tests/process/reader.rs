//! A reader that follows the stream as a page does: from its own cursor, on the next server when
//! one is gone. It checks every frame for gaps and duplicates.

use super::{cluster::Bases, home::within};
use reqwest::Client;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a reader has seen.
#[derive(Debug, Default)]
pub struct Reader {
    cursor: Option<String>,
    /// The newest version of each row, by kind and id.
    pub rows: BTreeMap<(String, String), Value>,
    /// How much text of each message was streamed, in bytes.
    pub text_bytes: BTreeMap<String, u64>,
    /// How often it reconnected.
    pub reconnects: usize,
    first: Option<i64>,
    newest: i64,
    buffer: Vec<u8>,
}

impl Reader {
    /// Starts at the cursor of a list response.
    pub fn start_at(&mut self, list: &Value) {
        self.cursor = Some(list["cursor"].as_str().unwrap().to_owned());
    }

    /// The revision after which it started, once its first connection is open.
    pub const fn first(&self) -> Option<i64> {
        self.first
    }

    /// Follows the stream until `is_done` is true, beginning with the server at index `first`.
    pub async fn follow(
        mut self,
        client: Client,
        key: String,
        bases: Bases,
        first: usize,
        is_done: impl Fn(&Self) -> bool,
    ) -> Self {
        let mut server = first;
        let follow = async {
            while !is_done(&self) {
                let base = { bases.lock().unwrap().get(server).cloned() };
                let Some(base) = base else {
                    server = 0;
                    continue;
                };
                if self.connect(&client, &key, &base, &is_done).await.is_none() {
                    self.reconnects += 1;
                    server += 1;
                    tokio::task::yield_now().await;
                }
            }
        };
        within("a reader to see everything", follow).await;
        self
    }

    /// Reads one connection; `None` if it ends before `is_done` is true.
    async fn connect(
        &mut self,
        client: &Client,
        key: &str,
        base: &str,
        is_done: &impl Fn(&Self) -> bool,
    ) -> Option<()> {
        let mut request = client
            .get(format!("{base}/api/work-log/stream"))
            .bearer_auth(key);
        if let Some(cursor) = &self.cursor {
            request = request.header("last-event-id", cursor);
        }
        let mut response = request
            .send()
            .await
            .ok()
            .filter(|response| response.status() == 200)?;
        self.buffer.clear();
        loop {
            let bytes = response.chunk().await.ok()??;
            self.buffer.extend_from_slice(&bytes);
            while let Some(end) = self.buffer.windows(2).position(|two| two == b"\n\n") {
                let frame: Vec<u8> = self.buffer.drain(..end + 2).collect();
                self.handle_frame(std::str::from_utf8(&frame).unwrap());
            }
            if is_done(self) {
                return Some(());
            }
        }
    }

    fn handle_frame(&mut self, frame: &str) {
        let field = |name: &str| {
            frame
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let (id, event) = (field("id"), field("event"));
        let data: Value = field("data")
            .map(|data| serde_json::from_str(data).unwrap())
            .unwrap_or_default();
        match event {
            Some("entry" | "message" | "conversation" | "removed") => {
                self.handle_row(event.unwrap(), id.unwrap(), &data)
            }
            Some("delta") => {
                let begins = data["offset"].as_u64().unwrap();
                let bytes = data["text"].as_str().unwrap().len() as u64;
                self.handle_text(&data, begins, begins + bytes);
            }
            // a block holds the text behind the previous one
            Some("block") => self.handle_text(&data, 0, data["upTo"].as_u64().unwrap()),
            Some("heartbeat") | None => {}
            Some(other) => panic!("{other}: {frame}"),
        }
        if let Some(id) = id {
            self.first = self.first.or_else(|| id.rsplit_once('.')?.1.parse().ok());
            self.cursor = Some(id.to_owned());
        }
    }

    fn handle_row(&mut self, event: &str, id: &str, data: &Value) {
        assert_eq!(
            data["prev"].as_str(),
            self.cursor.as_deref(),
            "a gap or a duplicate before {id}"
        );
        let row = &data[event];
        let rev: i64 = id.rsplit_once('.').unwrap().1.parse().unwrap();
        assert!(rev > self.newest, "{rev} came after {}", self.newest);
        self.newest = rev;
        self.rows.insert(
            (event.to_owned(), row["id"].as_str().unwrap().to_owned()),
            row.clone(),
        );
    }

    /// Text of an answer that is being written. Without a gap it begins where the known text ends,
    /// or before that.
    fn handle_text(&mut self, data: &Value, begins: u64, ends: u64) {
        let id = data["messageId"].as_str().unwrap().to_owned();
        let known = self.text_bytes.entry(id).or_default();
        assert!(
            begins <= *known,
            "a gap in a text: {data} after {known} bytes"
        );
        *known = ends.max(*known);
    }

    /// The newest version of each row of this kind.
    pub fn all<'r>(&'r self, kind: &'r str) -> impl Iterator<Item = &'r Value> {
        self.rows
            .iter()
            .filter(move |((event, _), _)| event == kind)
            .map(|(_, row)| row)
    }

    /// Whether an entry with this title was seen.
    pub fn has_entry(&self, title: &str) -> bool {
        self.all("entry").any(|entry| entry["title"] == title)
    }
}
