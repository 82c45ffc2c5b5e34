//! Stream frames, from the server's encoder to a client's parser.

use crate::{
    domain::{
        Change, Cursor, Epoch, Metadata, Removed, RemovedKind, Status, StorageStatus, WorkLogEntry,
        ids::{EntryId, UserId},
    },
    server::feed::{EncodedRow, final_event},
    tests::support::{
        Event, Parser,
        people::{NOW, draft},
    },
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

fn entry(title: String, details: Option<String>, rev: i64) -> WorkLogEntry {
    let draft = draft(Status::Success, &title);
    WorkLogEntry {
        id: EntryId::from_uuid(Uuid::from_u128(1)),
        user_id: UserId::from_uuid(Uuid::from_u128(2)),
        conversation_id: None,
        parent_id: None,
        turn_id: None,
        log_type: draft.log_type,
        status: draft.status,
        title,
        details,
        metadata: Metadata::default(),
        timestamp: NOW,
        updated_at: NOW,
        duration_ms: None,
        storage_status: StorageStatus::Hot,
        expires_at: None,
        kept_by: None,
        archived_at: None,
        rev,
    }
}

/// User text with characters that could begin a line or a field of a frame.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        ".{0,12}",
        "[\r\n\u{0}\u{feff}\u{2028}:]{1,3}",
        Just("\n\nevent: removed\ndata: {}\n\n".to_owned())
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// The events a client parses when these bytes arrive in pieces.
fn read(bytes: &[u8], pieces: &[prop::sample::Index]) -> Vec<Event> {
    let mut cuts: Vec<usize> = pieces.iter().map(|at| at.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let mut parser = Parser::default();
    cuts.windows(2)
        .flat_map(|cut| parser.push(&bytes[cut[0]..cut[1]]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_row_is_one_event_for_any_text_and_any_split(
        title in text(), details in prop::option::of(text()), rev in 1i64..,
        cuts: Vec<prop::sample::Index>,
    ) {
        let row = entry(title, details, rev);
        let prev = Cursor { epoch: Epoch::from_bits(7), rev: rev - 1 };
        let mut out = String::new();
        EncodedRow::from(&Change::Entry(row.clone())).write(&mut out, prev);
        let events = read(out.as_bytes(), &cuts);
        let id = Cursor { rev, ..prev }.to_string();
        let data = json!({ "prev": prev, "entry": row });
        let expected = Event { id: Some(id), event: "entry".to_owned(), data };
        prop_assert_eq!(events, vec![expected]);
    }

    #[test]
    fn a_final_event_is_one_event(reason in text(), cuts: Vec<prop::sample::Index>) {
        let data = json!({ "reason": reason });
        let events = read(final_event("reset", 1_000, &data).as_bytes(), &cuts);
        prop_assert_eq!(events, vec![Event { id: None, event: "reset".to_owned(), data }]);
    }
}

#[test]
fn a_removed_row_names_the_removed_id() {
    let removed = Removed {
        kind: RemovedKind::Entry,
        id: Uuid::from_u128(9),
        rev: 4,
    };
    let mut out = String::new();
    EncodedRow::from(&Change::Removed(removed)).write(
        &mut out,
        Cursor {
            epoch: Epoch::from_bits(7),
            rev: 3,
        },
    );
    assert_eq!(read(out.as_bytes(), &[])[0].data["removed"]["rev"], 4);
}
