use super::*;
use crate::domain::Removed;
use proptest::prelude::*;
use serde_json::{Value, json};

const TIME: &str = "2026-11-24T09:30:00.000Z";

fn uuid(kind: u128, n: u128) -> Uuid {
    Uuid::from_u128(n * 16 + kind)
}

fn conversation(n: u128, rev: i64) -> Change {
    let kept = rev % 3 == 0;
    let row = json!({
        "id": uuid(0, n), "title": rev.to_string(), "createdAt": TIME, "updatedAt": TIME,
        "kept": kept, "rev": rev,
    });
    Change::Conversation(serde_json::from_value(row).unwrap())
}

fn message(n: u128, rev: i64) -> Change {
    let row = json!({
        "id": uuid(1, n), "conversationId": uuid(0, n % 2), "role": "user",
        "content": rev.to_string(), "status": "done",
        "createdAt": TIME, "updatedAt": TIME, "rev": rev,
    });
    Change::Message(serde_json::from_value(row).unwrap())
}

fn entry(n: u128, rev: i64) -> Change {
    let row = json!({
        "id": uuid(2, n), "userId": uuid(3, 0), "conversationId": uuid(0, n % 2),
        "turnId": uuid(4, n / 4), "logType": "info", "status": "info", "title": rev.to_string(),
        "metadata": {}, "timestamp": TIME, "updatedAt": TIME, "storageStatus": "hot", "rev": rev,
    });
    Change::Entry(serde_json::from_value(row).unwrap())
}

/// A step of a history: the kind of the row (conversation, message, entry), its number, whether it
/// is removed.
type Step = (u128, u128, bool);

/// All changes by revision. A removed row, or one whose conversation is removed, does not change
/// again.
fn history(steps: Vec<Step>) -> Vec<Change> {
    let mut removed: Vec<Uuid> = Vec::new();
    let mut changes = Vec::new();
    for (kind, n, is_removal) in steps {
        let id = uuid(kind, n);
        if removed.contains(&id) || removed.contains(&uuid(0, n % 2)) {
            continue;
        }
        let rev = changes.len() as i64 + 1;
        let kinds = [
            RemovedKind::Conversation,
            RemovedKind::Message,
            RemovedKind::Entry,
        ];
        changes.push(match kind {
            _ if is_removal => Change::Removed(Removed {
                kind: kinds[kind as usize],
                id,
                rev,
            }),
            0 => conversation(n, rev),
            1 => message(n, rev),
            _ => entry(n, rev),
        });
        if is_removal {
            removed.push(id);
        }
    }
    changes
}

/// A history, and the same changes in any order, some of them repeated.
fn deliveries() -> impl Strategy<Value = (Vec<Change>, Vec<Change>)> {
    let step = (0u128..3, 0u128..6, prop::bool::weighted(0.15));
    let step =
        step.prop_map(|(kind, n, removal)| (kind, if kind == 0 { n % 2 } else { n }, removal));
    (
        prop::collection::vec(step, 0..40),
        any::<prop::sample::Index>(),
    )
        .prop_flat_map(|(steps, repeated)| {
            let changes = history(steps);
            let mut delivered = changes.clone();
            let count = repeated.index(changes.len() + 1);
            delivered.extend(changes.iter().take(count).cloned());
            (Just(changes), Just(delivered).prop_shuffle())
        })
}

fn entry_with(overrides: Value) -> Change {
    let Change::Entry(entry) = entry(1, 2) else {
        unreachable!()
    };
    let mut row = serde_json::to_value(entry).unwrap();
    overrides
        .as_object()
        .unwrap()
        .iter()
        .for_each(|(name, value)| row[name] = value.clone());
    Change::Entry(serde_json::from_value(row).unwrap())
}

fn conversation_kept(rev: i64, kept: bool) -> Change {
    let Change::Conversation(row) = conversation(1, rev) else {
        unreachable!()
    };
    Change::Conversation(Conversation { kept, ..row })
}

#[test]
fn the_expiry_of_entries_follows_their_conversation() {
    let until = "2027-02-22T09:30:00.000Z";
    let expiry = |transcript: &Transcript| {
        let row = serde_json::to_value(transcript.entries().next().unwrap().as_ref()).unwrap();
        (row["expiresAt"].clone(), row["keptBy"].clone())
    };
    let expiring = || entry_with(json!({"expiresAt": until}));
    let mut transcript = Transcript::following([conversation_kept(1, false), expiring()], 90);
    assert_eq!(expiry(&transcript), (json!(until), json!(null)));
    transcript.apply(conversation_kept(3, true));
    assert_eq!(expiry(&transcript), (json!(null), json!("conversation")));
    transcript.apply(conversation_kept(4, false));
    assert_eq!(expiry(&transcript), (json!(until), json!(null)));
    // An entry that arrives before its conversation, as in a feed of entries.
    let mut feed = Transcript::following([expiring()], 90);
    feed.apply(conversation_kept(3, true));
    assert_eq!(expiry(&feed), (json!(null), json!("conversation")));
    for by in ["entry", "hold"] {
        let entry = entry_with(json!({"keptBy": by}));
        let mut kept = Transcript::following([conversation_kept(1, true), entry], 90);
        kept.apply(conversation_kept(3, false));
        assert_eq!(expiry(&kept), (json!(null), json!(by)), "{by}");
    }
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_give_the_same_list((changes, delivered) in deliveries()) {
        let in_order = Transcript::following(changes, 90);
        prop_assert_eq!(Transcript::following(delivered, 90), in_order);
    }

    #[test]
    fn a_late_copy_restores_nothing((changes, delivered) in deliveries()) {
        let mut transcript = Transcript::of(changes);
        for change in delivered {
            let before = transcript.clone();
            prop_assert!(!transcript.apply(change));
            prop_assert_eq!(&transcript, &before);
        }
    }

    #[test]
    fn items_are_in_the_order_of_their_ids((_, delivered) in deliveries()) {
        let transcript = Transcript::of(delivered);
        let mut ids = Vec::new();
        let conversation = ConversationId::from_uuid(uuid(0, 1));
        for item in transcript.items(conversation, ConversationSpan::default()) {
            match item {
                Item::Message(message) => ids.push(message.id.uuid()),
                Item::Work(group) => {
                    let one_turn = group.iter().all(|entry| entry.turn_id == group_turn(&group));
                    prop_assert!(one_turn, "one turn in a group");
                    ids.extend(group.iter().map(|entry| entry.id.uuid()));
                }
            }
        }
        prop_assert!(ids.is_sorted(), "{ids:?}");
    }
}
