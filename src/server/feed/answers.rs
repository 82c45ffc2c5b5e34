//! Text of answers that are being written, word by word. It lives here between two writes to the database.

use crate::ids::{ConversationId, MessageId, UserId};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// An answer that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAnswer {
    /// The message that grows.
    pub message_id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// Its text so far.
    pub text: String,
}

/// The answers being written in this process, by person.
#[derive(Debug, Default)]
pub struct LiveAnswers {
    people: Mutex<HashMap<UserId, Vec<LiveAnswer>>>,
}

impl LiveAnswers {
    /// Adds text to an answer; the first text begins it. The caller wakes the readers.
    pub fn append(&self, user: UserId, conversation_id: ConversationId, message_id: MessageId, text: &str) {
        let mut people = self.lock();
        let answers = people.entry(user).or_default();
        match answers.iter_mut().find(|answer| answer.message_id == message_id) {
            Some(answer) => answer.text.push_str(text),
            None => answers.push(LiveAnswer { message_id, conversation_id, text: text.to_owned() }),
        }
    }

    /// Forgets an answer, once its whole text is committed.
    pub fn finish(&self, user: UserId, message_id: MessageId) {
        let mut people = self.lock();
        if let Some(answers) = people.get_mut(&user) {
            answers.retain(|answer| answer.message_id != message_id);
            if answers.is_empty() {
                people.remove(&user);
            }
        }
    }

    /// What a reader who has seen `seen` bytes of each answer has not seen yet: message, offset, text.
    pub fn unseen(&self, user: UserId, only: Option<ConversationId>, seen: &HashMap<MessageId, usize>) -> Vec<(MessageId, usize, String)> {
        let people = self.lock();
        let answers = people.get(&user).into_iter().flatten();
        let wanted = answers.filter(|answer| only.is_none_or(|id| id == answer.conversation_id));
        let unseen = wanted.map(|answer| {
            let offset = seen.get(&answer.message_id).copied().unwrap_or(0);
            (answer.message_id, offset, answer.text.get(offset..).unwrap_or_default().to_owned())
        });
        unseen.filter(|(_, _, text)| !text.is_empty()).collect()
    }

    /// The whole texts of a conversation's answers.
    pub fn texts(&self, user: UserId, conversation: ConversationId) -> HashMap<MessageId, String> {
        let people = self.lock();
        let answers = people.get(&user).into_iter().flatten().filter(|answer| answer.conversation_id == conversation);
        answers.map(|answer| (answer.message_id, answer.text.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<LiveAnswer>>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_reader_who_joins_late_gets_the_text_so_far() {
        let (user, here) = (UserId::from_uuid(Uuid::nil()), ConversationId::from_uuid(Uuid::nil()));
        let message = MessageId::from_uuid(Uuid::nil());
        let answers = LiveAnswers::default();
        answers.append(user, here, message, "Hello");
        answers.append(user, here, message, " you");
        assert_eq!(answers.unseen(user, Some(here), &HashMap::new()), [(message, 0, "Hello you".to_owned())]);
        assert_eq!(answers.unseen(user, None, &HashMap::from([(message, 5)])), [(message, 5, " you".to_owned())]);
        answers.finish(user, message);
        assert!(answers.unseen(user, None, &HashMap::new()).is_empty());
    }
}
