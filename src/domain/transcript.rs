//! A client's copy of the feed: rows by id, merged by revision. Any order and any repetition of the
//! same changes gives the same result, so a resumed stream, a poll and a second tab cannot
//! disagree.

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

/// One item of a conversation's timeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A message.
    Message(Arc<Message>),
    /// Consecutive entries of one turn (or of API clients) without a message in between.
    Work(Vec<Arc<WorkLogEntry>>),
}

/// Messages, entries and conversations by id, each in its newest revision. Whether an entry is kept
/// follows its conversation, which changes without a change of the entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    messages: BTreeMap<MessageId, Arc<Message>>,
    entries: BTreeMap<EntryId, Arc<WorkLogEntry>>,
    conversations: HashMap<ConversationId, Arc<Conversation>>,
    /// Revisions of removals, so that a late copy does not restore a removed row.
    removed: HashMap<ItemKey, i64>,
    /// Days until entries expire that are not kept.
    cold_days: Option<i64>,
}

impl Transcript {
    /// Builds a transcript whose entries keep the expiry they were sent with.
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        Self::default().with(changes)
    }

    /// Builds a transcript that updates the expiry of entries when their conversation is kept or
    /// released; entries that are not kept expire after `cold_days`.
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

    /// Applies a change unless a newer or equal revision is present. Returns whether anything
    /// changed.
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
                    apply_kept(&mut entry, conversation.kept, self.cold_days);
                }
                !self.conversation_removed(entry.conversation_id, entry.rev)
                    && insert_newer(&mut self.entries, entry.id, entry, |e| e.rev)
            }
            Change::Message(message) => {
                !self.conversation_removed(Some(message.conversation_id), message.rev)
                    && insert_newer(&mut self.messages, message.id, message, |m| m.rev)
            }
            Change::Conversation(conversation) => match self.conversations.get(&conversation.id) {
                Some(current) if current.rev >= conversation.rev => false,
                current => {
                    if current.is_none_or(|current| current.kept != conversation.kept) {
                        let entries = self
                            .entries
                            .values_mut()
                            .filter(|entry| entry.conversation_id == Some(conversation.id));
                        entries.for_each(|entry| {
                            apply_kept(Arc::make_mut(entry), conversation.kept, self.cold_days)
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

    fn conversation_removed(&self, conversation: Option<ConversationId>, rev: i64) -> bool {
        let key = conversation.map(|id| (RemovedKind::Conversation, id.uuid()));
        key.and_then(|key| self.removed.get(&key))
            .is_some_and(|removed| *removed >= rev)
    }

    fn remove(&mut self, (kind, id): ItemKey, rev: i64) {
        self.removed.insert((kind, id), rev);
        match kind {
            RemovedKind::Entry => drop(self.entries.remove(&EntryId::from_uuid(id))),
            RemovedKind::Message => drop(self.messages.remove(&MessageId::from_uuid(id))),
            RemovedKind::Conversation => {
                let conversation = ConversationId::from_uuid(id);
                self.conversations.remove(&conversation);
                self.messages
                    .retain(|_, message| message.conversation_id != conversation);
                self.entries
                    .retain(|_, entry| entry.conversation_id != Some(conversation));
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

    /// Whether the row was removed; a page that shows it must navigate away.
    pub fn is_removed(&self, kind: RemovedKind, id: Uuid) -> bool {
        self.removed.contains_key(&(kind, id))
    }

    /// A conversation's messages and work in chronological order, limited to `span`.
    pub fn items(&self, conversation: ConversationId, span: ConversationSpan) -> Vec<Item> {
        let message_in_span = |message: &&Arc<Message>| {
            message.conversation_id == conversation && span.holds(message.id.uuid())
        };
        let entry_in_span = |entry: &&Arc<WorkLogEntry>| {
            entry.conversation_id == Some(conversation) && span.holds(entry.id.uuid())
        };
        let mut messages = self.messages.values().filter(message_in_span).peekable();
        let mut items: Vec<Item> = Vec::new();
        for entry in self.entries.values().filter(entry_in_span) {
            while let Some(message) =
                messages.next_if(|message| message.id.uuid() < entry.id.uuid())
            {
                items.push(Item::Message(message.clone()));
            }
            match items.last_mut() {
                Some(Item::Work(group)) if group_turn(group) == entry.turn_id => {
                    group.push(entry.clone())
                }
                _ => items.push(Item::Work(vec![entry.clone()])),
            }
        }
        items.extend(messages.cloned().map(Item::Message));
        items
    }
}

fn apply_kept(entry: &mut WorkLogEntry, conversation_kept: bool, cold_days: Option<i64>) {
    if let Some(days) = cold_days {
        entry.apply_conversation_kept(conversation_kept, days);
    }
}

fn group_turn(group: &[Arc<WorkLogEntry>]) -> Option<TurnId> {
    group.first().and_then(|entry| entry.turn_id)
}

fn insert_newer<K: Ord, V>(
    rows: &mut BTreeMap<K, Arc<V>>,
    key: K,
    row: V,
    rev: impl Fn(&V) -> i64,
) -> bool {
    if rows.get(&key).is_some_and(|old| rev(old) >= rev(&row)) {
        return false;
    }
    rows.insert(key, Arc::new(row));
    true
}

#[cfg(test)]
mod tests;
