//! Entries of the corpus for benchmarks: settled, and as old as they shall be.

#[path = "../tests/support/corpus.rs"]
pub mod corpus;

use corpus::Sample;
use holly::{
    ids::{ConversationId, EntryId, UserId},
    server::store::{
        Tx,
        work_logs::{self, Held, StoredEntry},
    },
    timestamp::Timestamp,
    work_log::{Metadata, Status, StorageStatus},
};

/// An entry that was made at `timestamp` and settled some seconds later.
pub fn entry(
    id: EntryId,
    user_id: UserId,
    conversation_id: Option<ConversationId>,
    timestamp: Timestamp,
    sample: Sample,
) -> StoredEntry {
    let took = 2_345 + timestamp.millis() / 61 % 997;
    StoredEntry {
        id,
        user_id,
        conversation_id,
        parent_id: None,
        turn_id: None,
        log_type: sample.log_type.parse().expect("the corpus knows the types"),
        status: Status::Success,
        title: sample.title,
        details: sample.details,
        metadata: serde_json::from_value::<Metadata>(sample.metadata)
            .expect("metadata is an object"),
        timestamp,
        updated_at: timestamp.plus(took),
        duration_ms: Some(took),
        kept_at: None,
        rev: 0,
    }
}

/// Writes it as a hot row.
pub async fn write(tx: &mut Tx<'_>, entry: StoredEntry) {
    let mut entry = entry.entry(StorageStatus::Hot, (None, None), None);
    work_logs::insert(tx, &mut entry, &Held::default())
        .await
        .expect("a row is written");
}
