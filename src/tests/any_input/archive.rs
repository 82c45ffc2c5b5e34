//! Archive objects that are damaged, truncated, foreign, or decompression bombs.

use crate::{
    domain::{
        LogType, Metadata, Status,
        ids::{EntryId, UserId},
    },
    server::{
        archive::object::{ObjectGroup, decode, encode, unpack},
        store::work_logs::StoredEntry,
    },
    tests::support::people::NOW,
};
use proptest::prelude::*;
use std::io::Write;
use uuid::Uuid;

fn object() -> (Vec<StoredEntry>, Vec<u8>) {
    let user_id = UserId::from_uuid(Uuid::from_u128(7));
    let entry = |n: u128| StoredEntry {
        id: EntryId::from_uuid(Uuid::from_u128(n)),
        user_id,
        conversation_id: None,
        parent_id: None,
        turn_id: None,
        log_type: LogType::Info,
        status: Status::Success,
        title: format!("entry {n}"),
        details: Some("some text ".repeat(20)),
        metadata: Metadata::default(),
        timestamp: NOW,
        updated_at: NOW,
        duration_ms: Some(5),
        kept_at: None,
        rev: n as i64,
    };
    let entries: Vec<_> = (1..6).map(entry).collect();
    let encoded = encode(
        ObjectGroup {
            user_id,
            conversation_id: None,
            day: NOW.day(),
        },
        &entries,
        None,
    )
    .unwrap();
    (entries, encoded.bytes)
}

/// A zstd frame of `bytes` zeros that does not declare its content size.
fn bomb(bytes: usize, window: Option<u32>) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    if let Some(window) = window {
        encoder.window_log(window).unwrap();
    }
    let zeros = vec![0; 1 << 20];
    for _ in 0..bytes >> 20 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn arbitrary_text_in_a_valid_frame_is_refused(text in "[\\PC\n]{0,300}") {
        prop_assert!(decode(&zstd::bulk::compress(text.as_bytes(), 1).unwrap()).is_err());
    }

    #[test]
    fn a_damaged_object_never_decodes_to_other_entries(
        at in any::<prop::sample::Index>(), flip in 1u8.., cut: bool,
    ) {
        let (entries, mut bytes) = object();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        // a byte without meaning may differ; the entries read are then the same
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(read, entries);
        }
    }
}

#[test]
fn the_undamaged_object_decodes() {
    let (entries, bytes) = object();
    assert_eq!(decode(&bytes).unwrap(), entries);
}

#[test]
fn a_decompression_bomb_is_refused() {
    let bytes = bomb(300 << 20, None);
    assert!(bytes.len() < 64 << 10, "{} bytes", bytes.len());
    assert_eq!(
        unpack(&bytes).unwrap_err(),
        "it unpacks to more than 256 MiB"
    );
    let wide = unpack(&bomb(1 << 20, Some(30))).unwrap_err();
    assert!(
        wide.contains("memory"),
        "a frame that asks for a window of 1 GiB: {wide}"
    );
}
