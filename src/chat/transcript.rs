//! What a reader holds: rows by id, merged by revision. Any order and any repetition of the same changes gives the
//! same list, so a stream that resumes, a poll and a second tab cannot disagree.

use super::{Change, Conversation, Message, RemovedKind, Span};
use crate::{
    ids::{ConversationId, EntryId, MessageId, TurnId},
    work_log::WorkLogEntry,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

pub(super) type Key = (RemovedKind, Uuid);

/// One thing in the list of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Something said.
    Message(Arc<Message>),
    /// A stretch of work of one turn (or of one program) with nothing said in between.
    Work(Vec<Arc<WorkLogEntry>>),
}

/// Messages, entries and conversations by id, each in its newest revision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    messages: BTreeMap<MessageId, Arc<Message>>,
    entries: BTreeMap<EntryId, Arc<WorkLogEntry>>,
    conversations: HashMap<ConversationId, Arc<Conversation>>,
    /// The revision at which things went, so that a late copy does not bring them back.
    removed: HashMap<Key, i64>,
}

impl Transcript {
    /// The transcript of these changes.
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut transcript = Self::default();
        for change in changes {
            transcript.apply(change);
        }
        transcript
    }

    /// Takes a change in, unless what is held is as new or newer. Says whether anything changed.
    pub fn apply(&mut self, change: Change) -> bool {
        if self.removed.get(&change.key()).is_some_and(|rev| *rev >= change.rev()) {
            return false;
        }
        match change {
            Change::Entry(entry) => {
                !self.conversation_gone(entry.conversation_id, entry.rev) && newer(&mut self.entries, entry.id, entry, |e| e.rev)
            }
            Change::Message(message) => {
                !self.conversation_gone(Some(message.conversation_id), message.rev)
                    && newer(&mut self.messages, message.id, message, |m| m.rev)
            }
            Change::Conversation(conversation) => match self.conversations.get(&conversation.id) {
                Some(held) if held.rev >= conversation.rev => false,
                _ => {
                    self.conversations.insert(conversation.id, Arc::new(conversation));
                    true
                }
            },
            Change::Removed(removed) => {
                self.remove((removed.kind, removed.id), removed.rev);
                true
            }
        }
    }

    fn conversation_gone(&self, conversation: Option<ConversationId>, rev: i64) -> bool {
        let key = conversation.map(|id| (RemovedKind::Conversation, id.uuid()));
        key.and_then(|key| self.removed.get(&key)).is_some_and(|gone| *gone >= rev)
    }

    fn remove(&mut self, (kind, id): Key, rev: i64) {
        self.removed.insert((kind, id), rev);
        match kind {
            RemovedKind::Entry => drop(self.entries.remove(&EntryId::from_uuid(id))),
            RemovedKind::Message => drop(self.messages.remove(&MessageId::from_uuid(id))),
            RemovedKind::Conversation => {
                let gone = ConversationId::from_uuid(id);
                self.conversations.remove(&gone);
                self.messages.retain(|_, message| message.conversation_id != gone);
                self.entries.retain(|_, entry| entry.conversation_id != Some(gone));
            }
        }
    }

    /// The message with this id.
    pub fn message(&self, id: MessageId) -> Option<Arc<Message>> {
        self.messages.get(&id).cloned()
    }

    /// The entry with this id.
    pub fn entry(&self, id: EntryId) -> Option<Arc<WorkLogEntry>> {
        self.entries.get(&id).cloned()
    }

    /// The conversation with this id.
    pub fn conversation(&self, id: ConversationId) -> Option<Arc<Conversation>> {
        self.conversations.get(&id).cloned()
    }

    /// Every conversation, in no order.
    pub fn conversations(&self) -> impl Iterator<Item = &Arc<Conversation>> {
        self.conversations.values()
    }

    /// Every entry, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<WorkLogEntry>> {
        self.entries.values()
    }

    /// Whether something was removed: a page that shows it must leave.
    pub fn is_removed(&self, kind: RemovedKind, id: Uuid) -> bool {
        self.removed.contains_key(&(kind, id))
    }

    /// A conversation's messages and work in the order in which things happened, as far as `span` reaches.
    pub fn items(&self, conversation: ConversationId, span: Span) -> Vec<Item> {
        let said = |message: &&Arc<Message>| message.conversation_id == conversation && span.holds(message.id.uuid());
        let done = |entry: &&Arc<WorkLogEntry>| entry.conversation_id == Some(conversation) && span.holds(entry.id.uuid());
        let mut messages = self.messages.values().filter(said).peekable();
        let mut items: Vec<Item> = Vec::new();
        for entry in self.entries.values().filter(done) {
            while let Some(message) = messages.next_if(|message| message.id.uuid() < entry.id.uuid()) {
                items.push(Item::Message(message.clone()));
            }
            match items.last_mut() {
                Some(Item::Work(group)) if turn_of(group) == entry.turn_id => group.push(entry.clone()),
                _ => items.push(Item::Work(vec![entry.clone()])),
            }
        }
        items.extend(messages.cloned().map(Item::Message));
        items
    }
}

fn turn_of(group: &[Arc<WorkLogEntry>]) -> Option<TurnId> {
    group.first().and_then(|entry| entry.turn_id)
}

fn newer<K: Ord, V>(held: &mut BTreeMap<K, Arc<V>>, key: K, row: V, rev: impl Fn(&V) -> i64) -> bool {
    if held.get(&key).is_some_and(|old| rev(old) >= rev(&row)) {
        return false;
    }
    held.insert(key, Arc::new(row));
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Removed;
    use proptest::prelude::*;
    use serde_json::json;

    const TIME: &str = "2026-11-24T09:30:00.000Z";

    fn uuid(kind: u128, n: u128) -> Uuid {
        Uuid::from_u128(n * 16 + kind)
    }

    fn conversation(n: u128, rev: i64) -> Change {
        let row = json!({"id": uuid(0, n), "title": rev.to_string(), "createdAt": TIME, "updatedAt": TIME, "rev": rev});
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

    /// A step of a history: the kind of the thing (conversation, message, entry), its number, whether it goes.
    type Step = (u128, u128, bool);

    /// Everything that ever happened, by revision. What is gone, or whose conversation is gone, does not change again.
    fn history(steps: Vec<Step>) -> Vec<Change> {
        let mut gone: Vec<Uuid> = Vec::new();
        let mut changes = Vec::new();
        for (kind, n, goes) in steps {
            let id = uuid(kind, n);
            if gone.contains(&id) || gone.contains(&uuid(0, n % 2)) {
                continue;
            }
            let rev = changes.len() as i64 + 1;
            let kinds = [RemovedKind::Conversation, RemovedKind::Message, RemovedKind::Entry];
            changes.push(match kind {
                _ if goes => Change::Removed(Removed { kind: kinds[kind as usize], id, rev }),
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
        (prop::collection::vec(step, 0..40), any::<prop::sample::Index>()).prop_flat_map(|(steps, again)| {
            let changes = history(steps);
            let mut delivered = changes.clone();
            delivered.extend(changes.iter().take(again.index(changes.len() + 1)).cloned());
            (Just(changes), Just(delivered).prop_shuffle())
        })
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_give_the_same_list((changes, delivered) in deliveries()) {
            prop_assert_eq!(Transcript::of(delivered), Transcript::of(changes));
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
            for item in transcript.items(ConversationId::from_uuid(uuid(0, 1)), Span::default()) {
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
}
