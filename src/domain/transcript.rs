//! What a reader holds: rows by id, merged by revision. Any order and any repetition of the same
//! changes gives the same list, so a stream that resumes, a poll and a second tab cannot disagree.

use super::{Change, Conversation, ConversationSpan, Message, RemovedKind, change::ItemKey};
use crate::domain::{
    WorkLogEntry,
    ids::{ConversationId, EntryId, MessageId, TurnId},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// One thing in the list of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Something said.
    Message(Arc<Message>),
    /// A stretch of work of one turn (or of one program) with nothing said in between.
    Work(Vec<Arc<WorkLogEntry>>),
}

/// Messages, entries and conversations by id, each in its newest revision. Entries are kept as
/// their conversation is, which changes without a change of theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    messages: BTreeMap<MessageId, Arc<Message>>,
    entries: BTreeMap<EntryId, Arc<WorkLogEntry>>,
    conversations: HashMap<ConversationId, Arc<Conversation>>,
    /// The revision at which things went, so that a late copy does not bring them back.
    removed: HashMap<ItemKey, i64>,
    /// Days after which entries expire that nobody keeps.
    cold_days: Option<i64>,
}

impl Transcript {
    /// The transcript of these changes, whose entries say until when they are kept as each of them
    /// came.
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        Self::default().with(changes)
    }

    /// The transcript of these changes, whose entries say until when they are kept as their
    /// conversation is kept and let go: those that nobody keeps expire after `cold_days`.
    pub fn following(changes: impl IntoIterator<Item = Change>, cold_days: i64) -> Self {
        Self {
            cold_days: Some(cold_days),
            ..Self::default()
        }
        .with(changes)
    }

    fn with(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        for change in changes {
            self.apply(change);
        }
        self
    }

    /// Takes a change in, unless what is held is as new or newer. Says whether anything changed.
    pub fn apply(&mut self, change: Change) -> bool {
        if self
            .removed
            .get(&change.key())
            .is_some_and(|rev| *rev >= change.rev())
        {
            return false;
        }
        match change {
            Change::Entry(mut entry) => {
                if let Some(conversation) = entry
                    .conversation_id
                    .and_then(|id| self.conversations.get(&id))
                {
                    follow(&mut entry, conversation.kept, self.cold_days);
                }
                !self.conversation_gone(entry.conversation_id, entry.rev)
                    && newer(&mut self.entries, entry.id, entry, |e| e.rev)
            }
            Change::Message(message) => {
                !self.conversation_gone(Some(message.conversation_id), message.rev)
                    && newer(&mut self.messages, message.id, message, |m| m.rev)
            }
            Change::Conversation(conversation) => match self.conversations.get(&conversation.id) {
                Some(held) if held.rev >= conversation.rev => false,
                held => {
                    if held.is_none_or(|held| held.kept != conversation.kept) {
                        let here = self
                            .entries
                            .values_mut()
                            .filter(|entry| entry.conversation_id == Some(conversation.id));
                        here.for_each(|entry| {
                            follow(Arc::make_mut(entry), conversation.kept, self.cold_days)
                        });
                    }
                    self.conversations
                        .insert(conversation.id, Arc::new(conversation));
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
        key.and_then(|key| self.removed.get(&key))
            .is_some_and(|gone| *gone >= rev)
    }

    fn remove(&mut self, (kind, id): ItemKey, rev: i64) {
        self.removed.insert((kind, id), rev);
        match kind {
            RemovedKind::Entry => drop(self.entries.remove(&EntryId::from_uuid(id))),
            RemovedKind::Message => drop(self.messages.remove(&MessageId::from_uuid(id))),
            RemovedKind::Conversation => {
                let gone = ConversationId::from_uuid(id);
                self.conversations.remove(&gone);
                self.messages
                    .retain(|_, message| message.conversation_id != gone);
                self.entries
                    .retain(|_, entry| entry.conversation_id != Some(gone));
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

    /// A conversation's messages and work in the order in which things happened, as far as `span`
    /// reaches.
    pub fn items(&self, conversation: ConversationId, span: ConversationSpan) -> Vec<Item> {
        let said = |message: &&Arc<Message>| {
            message.conversation_id == conversation && span.holds(message.id.uuid())
        };
        let done = |entry: &&Arc<WorkLogEntry>| {
            entry.conversation_id == Some(conversation) && span.holds(entry.id.uuid())
        };
        let mut messages = self.messages.values().filter(said).peekable();
        let mut items: Vec<Item> = Vec::new();
        for entry in self.entries.values().filter(done) {
            while let Some(message) =
                messages.next_if(|message| message.id.uuid() < entry.id.uuid())
            {
                items.push(Item::Message(message.clone()));
            }
            match items.last_mut() {
                Some(Item::Work(group)) if turn_of(group) == entry.turn_id => {
                    group.push(entry.clone())
                }
                _ => items.push(Item::Work(vec![entry.clone()])),
            }
        }
        items.extend(messages.cloned().map(Item::Message));
        items
    }
}

fn follow(entry: &mut WorkLogEntry, conversation_kept: bool, cold_days: Option<i64>) {
    if let Some(days) = cold_days {
        entry.follow(conversation_kept, days);
    }
}

fn turn_of(group: &[Arc<WorkLogEntry>]) -> Option<TurnId> {
    group.first().and_then(|entry| entry.turn_id)
}

fn newer<K: Ord, V>(
    held: &mut BTreeMap<K, Arc<V>>,
    key: K,
    row: V,
    rev: impl Fn(&V) -> i64,
) -> bool {
    if held.get(&key).is_some_and(|old| rev(old) >= rev(&row)) {
        return false;
    }
    held.insert(key, Arc::new(row));
    true
}

#[cfg(test)]
mod tests;
