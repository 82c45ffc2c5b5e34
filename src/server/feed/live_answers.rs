//! Text of answers in progress, written by this process or received from another one. It is held in
//! memory between two writes to the database.

use crate::domain::ids::{ConversationId, MessageId, UserId};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;

/// Remembered ids of finished answers, so that late text does not start them again.
const ENDED_MAX: usize = 256;

/// An answer in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAnswer {
    /// Its message.
    pub message_id: MessageId,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// The text so far.
    pub text: String,
    /// When text was last received from another process; `None` for an answer of this process.
    pub received_at: Option<Instant>,
}

/// Text to append to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerDelta {
    /// Owner of the conversation.
    pub user: UserId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageId,
    /// Byte offset of the text in the message.
    pub offset: usize,
    /// The text.
    pub text: String,
}

/// Result of applying a delta of another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeltaOutcome {
    /// Text was appended.
    Grown,
    /// All of it was known already.
    Known,
    /// The text before it is missing.
    Gap,
}

/// The answers in progress, by user.
#[derive(Debug, Default)]
pub struct LiveAnswers {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    users: HashMap<UserId, Vec<LiveAnswer>>,
    ended: VecDeque<MessageId>,
}

impl LiveAnswers {
    /// Appends text to an answer of this process; the first text starts it. The caller wakes the
    /// streams.
    pub fn append(
        &self,
        user: UserId,
        conversation_id: ConversationId,
        message_id: MessageId,
        text: &str,
    ) {
        let mut state = self.lock();
        let answers = state.users.entry(user).or_default();
        match answers
            .iter_mut()
            .find(|answer| answer.message_id == message_id)
        {
            Some(answer) => answer.text.push_str(text),
            None => answers.push(LiveAnswer {
                message_id,
                conversation_id,
                text: text.to_owned(),
                received_at: None,
            }),
        }
    }

    /// Applies text of an answer of another process: appends what is new, and nothing after a gap.
    pub fn apply_remote(&self, delta: &AnswerDelta, now: Instant) -> DeltaOutcome {
        let mut state = self.lock();
        if state.ended.contains(&delta.message) {
            return DeltaOutcome::Known;
        }
        let answers = state.users.entry(delta.user).or_default();
        let known = answers
            .iter_mut()
            .find(|answer| answer.message_id == delta.message);
        let outcome = match known {
            None if delta.offset > 0 => DeltaOutcome::Gap,
            None => {
                let (message_id, conversation_id, text) =
                    (delta.message, delta.conversation, delta.text.clone());
                answers.push(LiveAnswer {
                    message_id,
                    conversation_id,
                    text,
                    received_at: Some(now),
                });
                DeltaOutcome::Grown
            }
            Some(answer) if answer.received_at.is_none() => DeltaOutcome::Known,
            Some(answer) => append_new(answer, delta, now),
        };
        state.users.retain(|_, answers| !answers.is_empty());
        outcome
    }

    /// Removes an answer of this process, once its whole text is committed.
    pub fn finish(&self, user: UserId, message_id: MessageId) {
        self.lock()
            .remove(user, |answer| answer.message_id == message_id);
    }

    /// Removes an answer of another process, once its end was read from the database.
    pub fn finish_remote(&self, user: UserId, message_id: MessageId) {
        let mut state = self.lock();
        if state
            .users
            .get(&user)
            .into_iter()
            .flatten()
            .any(|answer| answer.message_id == message_id && answer.received_at.is_none())
        {
            return;
        }
        state.remove(user, |answer| answer.message_id == message_id);
        if !state.ended.contains(&message_id) {
            state.ended.push_back(message_id);
        }
        if state.ended.len() > ENDED_MAX {
            state.ended.pop_front();
        }
    }

    /// Removes answers of other processes that were last received before `before`, or whose user
    /// has no stream here (`has_streams`).
    pub fn expire_remote(&self, before: Instant, has_streams: impl Fn(UserId) -> bool) {
        self.lock().users.retain(|user, answers| {
            answers.retain(|answer| {
                answer
                    .received_at
                    .is_none_or(|at| at >= before && has_streams(*user))
            });
            !answers.is_empty()
        });
    }

    /// Message, offset and text that a stream has not sent yet; `seen` is how many bytes of each
    /// answer it has sent.
    pub fn unseen(
        &self,
        user: UserId,
        only: Option<ConversationId>,
        seen: &HashMap<MessageId, usize>,
    ) -> Vec<(MessageId, usize, String)> {
        let state = self.lock();
        let answers = state.users.get(&user).into_iter().flatten();
        let selected = answers.filter(|answer| only.is_none_or(|id| id == answer.conversation_id));
        selected
            .filter_map(|answer| {
                rest(answer, seen).map(|(offset, text)| (answer.message_id, offset, text))
            })
            .collect()
    }

    /// Text of this process's answers that was not sent to other processes yet; `sent` is how many
    /// bytes of each answer were sent.
    pub fn unsent(&self, user: UserId, sent: &HashMap<MessageId, usize>) -> Vec<AnswerDelta> {
        let state = self.lock();
        let answers = state
            .users
            .get(&user)
            .into_iter()
            .flatten()
            .filter(|answer| answer.received_at.is_none());
        let delta = |answer: &LiveAnswer| {
            let (offset, text) = rest(answer, sent)?;
            Some(AnswerDelta {
                user,
                conversation: answer.conversation_id,
                message: answer.message_id,
                offset,
                text,
            })
        };
        answers.filter_map(delta).collect()
    }

    /// The messages of this process's answers, and their owners.
    pub fn local_messages(&self) -> HashMap<MessageId, UserId> {
        let state = self.lock();
        let all = state
            .users
            .iter()
            .flat_map(|(user, answers)| answers.iter().map(move |answer| (user, answer)));
        all.filter(|(_, answer)| answer.received_at.is_none())
            .map(|(user, answer)| (answer.message_id, *user))
            .collect()
    }

    /// The texts of this process's answers in a conversation.
    pub fn local_texts(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> HashMap<MessageId, String> {
        let state = self.lock();
        let answers = state.users.get(&user).into_iter().flatten();
        let local = answers.filter(|answer| {
            answer.conversation_id == conversation && answer.received_at.is_none()
        });
        local
            .map(|answer| (answer.message_id, answer.text.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, user: UserId, which: impl Fn(&LiveAnswer) -> bool) {
        if let Some(answers) = self.users.get_mut(&user) {
            answers.retain(|answer| !which(answer));
            if answers.is_empty() {
                self.users.remove(&user);
            }
        }
    }
}

/// The text after the known bytes, and its offset.
fn rest(answer: &LiveAnswer, known: &HashMap<MessageId, usize>) -> Option<(usize, String)> {
    let offset = known.get(&answer.message_id).copied().unwrap_or(0);
    let text = answer.text.get(offset..).filter(|text| !text.is_empty())?;
    Some((offset, text.to_owned()))
}

fn append_new(answer: &mut LiveAnswer, delta: &AnswerDelta, now: Instant) -> DeltaOutcome {
    let Some(known) = answer.text.len().checked_sub(delta.offset) else {
        return DeltaOutcome::Gap;
    };
    answer.received_at = Some(now);
    match delta.text.get(known..) {
        Some(new) if !new.is_empty() => {
            answer.text.push_str(new);
            DeltaOutcome::Grown
        }
        _ => DeltaOutcome::Known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use uuid::Uuid;

    fn ids() -> (UserId, ConversationId, MessageId) {
        (
            UserId::from_uuid(Uuid::nil()),
            ConversationId::from_uuid(Uuid::nil()),
            MessageId::from_uuid(Uuid::nil()),
        )
    }

    #[test]
    fn a_stream_that_starts_late_gets_the_text_so_far() {
        let (user, conversation, message) = ids();
        let answers = LiveAnswers::default();
        answers.append(user, conversation, message, "Hello");
        answers.append(user, conversation, message, " you");
        assert_eq!(
            answers.unseen(user, Some(conversation), &HashMap::new()),
            [(message, 0, "Hello you".to_owned())]
        );
        assert_eq!(
            answers.unseen(user, None, &HashMap::from([(message, 5)])),
            [(message, 5, " you".to_owned())]
        );
        answers.finish(user, message);
        assert!(answers.unseen(user, None, &HashMap::new()).is_empty());
    }

    #[test]
    fn remote_text_is_appended_without_gaps_and_not_after_its_end() {
        let (user, conversation, message) = ids();
        let (answers, now) = (LiveAnswers::default(), Instant::now());
        let apply = |offset, text: &str| {
            answers.apply_remote(
                &AnswerDelta {
                    user,
                    conversation,
                    message,
                    offset,
                    text: text.to_owned(),
                },
                now,
            )
        };
        for (offset, text, outcome, whole) in [
            (3, "lost", DeltaOutcome::Gap, ""),
            (0, "Hé", DeltaOutcome::Grown, "Hé"),
            (0, "Hé", DeltaOutcome::Known, "Hé"),
            (1, "éllo", DeltaOutcome::Grown, "Héllo"),
            (9, "hole", DeltaOutcome::Gap, "Héllo"),
            (6, "!", DeltaOutcome::Grown, "Héllo!"),
        ] {
            assert_eq!(apply(offset, text), outcome, "{offset} {text}");
            let known = answers
                .unseen(user, None, &HashMap::new())
                .pop()
                .map_or(String::new(), |(_, _, text)| text);
            assert_eq!(known, whole);
        }
        assert!(
            answers.unsent(user, &HashMap::new()).is_empty()
                && answers.local_texts(user, conversation).is_empty(),
            "it is an answer of another process"
        );
        answers.finish_remote(user, message);
        assert_eq!(
            (
                apply(0, "Héllo!"),
                answers.unseen(user, None, &HashMap::new()).len()
            ),
            (DeltaOutcome::Known, 0)
        );
    }

    #[test]
    fn remote_answers_expire_without_streams_or_new_text() {
        let (user, conversation, message) = ids();
        let (answers, now) = (LiveAnswers::default(), Instant::now());
        let delta = AnswerDelta {
            user,
            conversation,
            message,
            offset: 0,
            text: "Hello".to_owned(),
        };
        let held = || answers.unseen(user, None, &HashMap::new()).len();
        answers.apply_remote(&delta, now);
        answers.expire_remote(now, |_| true);
        assert_eq!(held(), 1);
        answers.expire_remote(now, |_| false);
        assert_eq!(held(), 0);
        answers.apply_remote(&delta, now);
        answers.expire_remote(now + Duration::from_secs(1), |_| true);
        assert_eq!(held(), 0);
        answers.append(user, conversation, message, "Hello");
        answers.expire_remote(now + Duration::from_secs(1), |_| false);
        assert_eq!(held(), 1, "an answer of this process is kept");
    }
}
