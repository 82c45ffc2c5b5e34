//! What arrives from outside, read into the domain: an event of the stream, and the answer to a
//! poll. Rows that this version cannot read (a newer server's) are passed over instead of stopping
//! the feed.

use crate::domain::{
    AnswerGrowth, Change, Conversation, Cursor, Frame, Message, Removed, WorkLogEntry,
    ids::MessageId,
    json::{self, JsonFields},
};
use serde_json::Value;

/// An event as it came: what the leading tab shares with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// Its name; [`RawEvent::PAGE`] for a poll's answer, [`RawEvent::LOST`] when there is none.
    pub name: String,
    /// The cursor after it; for a poll's answer the cursor it was asked from.
    pub id: String,
    /// Its data, JSON.
    pub data: String,
}

impl RawEvent {
    /// The name under which the leading tab shares a poll's answer.
    pub const PAGE: &str = "page";
    /// The name under which the leading tab says that it has lost the server.
    pub const LOST: &str = "lost";

    /// What the leading tab says when it has lost the server.
    pub fn lost() -> Self {
        Self {
            name: Self::LOST.to_owned(),
            id: String::new(),
            data: String::new(),
        }
    }

    /// The frame. An event that cannot be read moves the cursor past itself, when it has one.
    pub fn frame(&self) -> Option<Frame> {
        let passed_over = || {
            self.id
                .parse()
                .ok()
                .map(|cursor| Frame::Heartbeat { cursor })
        };
        Frame::parse(&self.name, &self.id, &self.data).or_else(passed_over)
    }
}

/// A poll's rows, by revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What changed after the cursor that was asked from.
    pub changes: Vec<Change>,
    /// Everything up to here is in `changes`.
    pub cursor: Cursor,
    /// The answers that are being written, from their beginning.
    pub growing: Vec<(MessageId, AnswerGrowth)>,
    /// Whether there is more to ask for at once.
    pub more: bool,
}

/// Why a poll gave no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollFailure {
    /// 410: the cursor cannot be continued.
    Reset,
    /// 401: nobody is signed in.
    SignedOut,
    /// Anything else, the network included.
    Failed,
}

impl Page {
    /// Reads the answer to `GET /api/work-log/list?after=`.
    pub fn read(status: u16, body: &str) -> Result<Self, PollFailure> {
        match status {
            200 => json::parse(body)
                .and_then(|answer| Self::of(&answer))
                .ok_or(PollFailure::Failed),
            401 => Err(PollFailure::SignedOut),
            410 => Err(PollFailure::Reset),
            _ => Err(PollFailure::Failed),
        }
    }

    fn of(answer: &Value) -> Option<Self> {
        let fields = JsonFields::of(answer)?;
        let mut changes = Vec::new();
        changes.extend(
            fields
                .items("logs")
                .iter()
                .filter_map(WorkLogEntry::read)
                .map(Change::Entry),
        );
        changes.extend(
            fields
                .items("messages")
                .iter()
                .filter_map(Message::read)
                .map(Change::Message),
        );
        changes.extend(
            fields
                .items("conversations")
                .iter()
                .filter_map(Conversation::read)
                .map(Change::Conversation),
        );
        changes.extend(
            fields
                .items("removed")
                .iter()
                .filter_map(Removed::read)
                .map(Change::Removed),
        );
        changes.sort_unstable_by_key(Change::rev);
        Some(Self {
            changes,
            cursor: fields.parsed("cursor")?,
            growing: fields.items("growing").iter().filter_map(grown).collect(),
            more: fields.flag("more"),
        })
    }
}

/// `{"delta": {…}}` or `{"block": {…}}`.
fn grown(item: &Value) -> Option<(MessageId, AnswerGrowth)> {
    let fields = JsonFields::of(item)?;
    ["delta", "block"]
        .into_iter()
        .find_map(|event| AnswerGrowth::read(event, fields.value(event)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RemovedKind;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_arrives_is_a_frame_or_passed_over(
            name in prop_oneof![Just("entry".to_owned()), Just("delta".to_owned()), Just("block".to_owned()), Just("reset".to_owned()), ".{0,10}"],
            id in prop_oneof!["[0-9a-f]{16}\\.[0-9]{1,20}", ".{0,30}"],
            data in prop_oneof![Just(r#"{"prev":"00c0ffee00c0ffee.1","entry":{}}"#.to_owned()), Just(r#"{"offset":-1}"#.to_owned()), ".{0,60}"],
        ) {
            let frame = RawEvent { name: name.clone(), id: id.clone(), data }.frame();
            let known = ["delta", "block", "reset", "busy", "auth"].contains(&name.as_str());
            prop_assert!(frame.is_none() || known || id.parse::<Cursor>().is_ok());
        }
    }

    #[test]
    fn a_polls_rows_come_out_by_revision_and_what_is_unknown_is_passed_over() {
        let body = r#"{"success":true,"logs":[{"id":"of another version"}],"removed":[
            {"kind":"message","id":"00000000-0000-0000-0000-000000000001","rev":9},
            {"kind":"entry","id":"00000000-0000-0000-0000-000000000002","rev":4,"why":"erased"}],
            "growing":[{"block":{"messageId":"00000000-0000-0000-0000-000000000003","index":0,
                "html":"<p>a</p>","upTo":3}},
                {"delta":{"messageId":"00000000-0000-0000-0000-000000000003","offset":3,
                "text":"b"}},{"song":{}}],
            "cursor":"00c0ffee00c0ffee.9","more":true,"next":null}"#;
        let page = Page::read(200, body).unwrap();
        let seen: Vec<i64> = page.changes.iter().map(Change::rev).collect();
        assert_eq!((seen, page.cursor.rev, page.more), (vec![4, 9], 9, true));
        let growth: Vec<AnswerGrowth> =
            page.growing.into_iter().map(|(_, growth)| growth).collect();
        let (html, text) = ("<p>a</p>".to_owned(), "b".to_owned());
        assert_eq!(
            growth,
            [
                AnswerGrowth::Block {
                    index: 0,
                    html,
                    up_to: 3
                },
                AnswerGrowth::Text { offset: 3, text }
            ]
        );
        assert!(matches!(
            page.changes[0],
            Change::Removed(Removed {
                kind: RemovedKind::Entry,
                ..
            })
        ));
    }

    #[test]
    fn a_refused_poll_says_what_to_do() {
        assert_eq!(
            Page::read(410, r#"{"reset":"future"}"#),
            Err(PollFailure::Reset)
        );
        assert_eq!(Page::read(401, ""), Err(PollFailure::SignedOut));
        for (status, body) in [(500, ""), (429, "{}"), (200, "<html>"), (200, "{}")] {
            assert_eq!(
                Page::read(status, body),
                Err(PollFailure::Failed),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn an_event_that_cannot_be_read_only_moves_the_cursor() {
        let event = |name: &str, id: &str| RawEvent {
            name: name.to_owned(),
            id: id.to_owned(),
            data: "{}".to_owned(),
        };
        let cursor: Cursor = "00c0ffee00c0ffee.9".parse().unwrap();
        assert_eq!(
            event("entry", "00c0ffee00c0ffee.9").frame(),
            Some(Frame::Heartbeat { cursor })
        );
        assert_eq!(event("novelty", "").frame(), None);
    }
}
