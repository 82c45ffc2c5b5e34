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
    let row = json!({"id": uuid(0, n), "title": rev.to_string(), "createdAt": TIME, "updatedAt": TIME, "kept": kept, "rev": rev});
    Change::Conversation(serde_json::from_value(row).unwrap())
}

fn message(n: u128, rev: i64) -> Change {
    let row = json!({
        "id": uuid(1, n), "conversationId": uuid(0, n % 2), "role": "user", "content": rev.to_string(), "status": "done",
        "createdAt": TIME, "updatedAt": TIME, "rev": rev,
    });
    Change::Message(serde_json::from_value(row).unwrap())
}

fn entry(n: u128, rev: i64) -> Change {
    let row = json!({
        "id": uuid(2, n), "userId": uuid(3, 0), "conversationId": uuid(0, n % 2), "turnId": uuid(4, n / 4), "logType": "info",
        "status": "info", "title": rev.to_string(), "metadata": {}, "timestamp": TIME, "updatedAt": TIME, "storageStatus": "hot",
        "rev": rev,
    });
    Change::Entry(serde_json::from_value(row).unwrap())
}

/// A step of a history: the kind of the thing (conversation, message, entry), its number, whether
/// it goes.
type Step = (u128, u128, bool);

/// Everything that ever happened, by revision. What is gone, or whose conversation is gone, does
/// not change again.
fn history(steps: Vec<Step>) -> Vec<Change> {
    let mut gone: Vec<Uuid> = Vec::new();
    let mut changes = Vec::new();
    for (kind, n, goes) in steps {
        let id = uuid(kind, n);
        if gone.contains(&id) || gone.contains(&uuid(0, n % 2)) {
            continue;
        }
        let rev = changes.len() as i64 + 1;
        let kinds = [
            RemovedKind::Conversation,
            RemovedKind::Message,
            RemovedKind::Entry,
        ];
        changes.push(match kind {
            _ if goes => Change::Removed(Removed {
                kind: kinds[kind as usize],
                id,
                rev,
            }),
            0 => conversation(n, rev),
            1 => message(n, rev),
            _ => entry(n, rev),
        });
        if goes {
            gone.push(id);
        }
    }
    changes
}

/// A history, and the same changes in any order, some of them twice.
fn deliveries() -> impl Strategy<Value = (Vec<Change>, Vec<Change>)> {
    let step = (0u128..3, 0u128..6, prop::bool::weighted(0.15));
    let step = step.prop_map(|(kind, n, goes)| (kind, if kind == 0 { n % 2 } else { n }, goes));
    (
        prop::collection::vec(step, 0..40),
        any::<prop::sample::Index>(),
    )
        .prop_flat_map(|(steps, again)| {
            let changes = history(steps);
            let mut delivered = changes.clone();
            delivered.extend(changes.iter().take(again.index(changes.len() + 1)).cloned());
            (Just(changes), Just(delivered).prop_shuffle())
        })
}

fn entry_of(row: Value) -> Change {
    let Change::Entry(entry) = entry(1, 2) else {
        unreachable!()
    };
    let mut whole = serde_json::to_value(entry).unwrap();
    row.as_object()
        .unwrap()
        .iter()
        .for_each(|(name, value)| whole[name] = value.clone());
    Change::Entry(serde_json::from_value(whole).unwrap())
}

fn kept(rev: i64, kept: bool) -> Change {
    let Change::Conversation(row) = conversation(1, rev) else {
        unreachable!()
    };
    Change::Conversation(Conversation { kept, ..row })
}

#[test]
fn entries_are_kept_and_let_go_with_their_conversation_though_they_are_not_sent_again() {
    let until = "2027-02-22T09:30:00.000Z";
    let told = |transcript: &Transcript| {
        let row = serde_json::to_value(transcript.entries().next().unwrap().as_ref()).unwrap();
        (row["expiresAt"].clone(), row["keptBy"].clone())
    };
    let mut transcript =
        Transcript::following([kept(1, false), entry_of(json!({"expiresAt": until}))], 90);
    assert_eq!(told(&transcript), (json!(until), json!(null)));
    transcript.apply(kept(3, true));
    assert_eq!(told(&transcript), (json!(null), json!("conversation")));
    transcript.apply(kept(4, false));
    assert_eq!(told(&transcript), (json!(until), json!(null)));
    // What came before its conversation was heard of, as in a feed of entries.
    let mut feed = Transcript::following([entry_of(json!({"expiresAt": until}))], 90);
    feed.apply(kept(3, true));
    assert_eq!(told(&feed), (json!(null), json!("conversation")));
    for by in ["entry", "hold"] {
        let mut held = Transcript::following([kept(1, true), entry_of(json!({"keptBy": by}))], 90);
        held.apply(kept(3, false));
        assert_eq!(told(&held), (json!(null), json!(by)), "{by}");
    }
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_give_the_same_list((changes, delivered) in deliveries()) {
        prop_assert_eq!(Transcript::following(delivered, 90), Transcript::following(changes, 90));
    }

    #[test]
    fn a_late_copy_brings_nothing_back((changes, delivered) in deliveries()) {
        let mut transcript = Transcript::of(changes);
        for change in delivered {
            let before = transcript.clone();
            prop_assert!(!transcript.apply(change));
            prop_assert_eq!(&transcript, &before);
        }
    }

    #[test]
    fn items_stand_in_the_order_of_their_ids((_, delivered) in deliveries()) {
        let transcript = Transcript::of(delivered);
        let mut ids = Vec::new();
        for item in transcript.items(ConversationId::from_uuid(uuid(0, 1)), ConversationSpan::default()) {
            match item {
                Item::Message(message) => ids.push(message.id.uuid()),
                Item::Work(group) => {
                    prop_assert!(group.iter().all(|entry| entry.turn_id == turn_of(&group)), "one turn in a group");
                    ids.extend(group.iter().map(|entry| entry.id.uuid()));
                }
            }
        }
        prop_assert!(ids.is_sorted(), "{ids:?}");
    }
}
