//! Generates ids: UUID v7 of the given time. Ids of one process sort in the order of their
//! creation, also within a millisecond and when the clock steps back (RFC 9562, section 6.2).

use crate::domain::{
    ids::{AuditId, ConversationId, EntryId, FileId, MessageId, TurnId, UserId},
    time::Timestamp,
};
use std::sync::{LazyLock, Mutex};
use uuid::{ContextV7, Uuid};

static CONTEXT: LazyLock<Mutex<ContextV7>> = LazyLock::new(|| Mutex::new(ContextV7::new()));

fn uuid_at(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    let nanos = u32::try_from(millis % 1000 * 1_000_000).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(&*CONTEXT, millis / 1000, nanos))
}

macro_rules! new_id {
    ($($(#[$doc:meta])* $name:ident -> $id:ident;)+) => {
        $($(#[$doc])* pub fn $name(now: Timestamp) -> $id { $id::from_uuid(uuid_at(now)) })+
    };
}

new_id! {
    /// An id for a new user.
    user -> UserId;
    /// An id for a new conversation.
    conversation -> ConversationId;
    /// An id for a new message.
    message -> MessageId;
    /// An id for a new entry.
    entry -> EntryId;
    /// An id for a new turn.
    turn -> TurnId;
    /// An id for a new event of the audit log.
    audit_event -> AuditId;
    /// An id for a new file.
    file -> FileId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_in_order_of_creation() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        let ids: Vec<_> = (0..2_000).map(|n| entry(now.plus(n / 500 - 1))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
