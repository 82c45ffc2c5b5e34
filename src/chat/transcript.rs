//! What a reader holds: rows by id, merged by revision. Any order and any repetition of the same changes gives the
//! same list, so a stream that resumes, a poll and a second tab cannot disagree.

use super::{Change, Conversation, Message, RemovedKind};
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

    /// A conversation's messages and work in the order in which things happened.
    pub fn items(&self, conversation: ConversationId) -> Vec<Item> {
        let mut messages = self.messages.values().filter(|message| message.conversation_id == conversation).peekable();
        let mut items: Vec<Item> = Vec::new();
        for entry in self.entries.values().filter(|entry| entry.conversation_id == Some(conversation)) {
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
