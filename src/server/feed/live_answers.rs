//! Text of answers that are being written, word by word: here, or by another process that tells of
//! it. It lives here between two writes to the database.

use crate::domain::ids::{ConversationId, MessageId, UserId};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::time::Instant;

/// Ends of answers that are remembered, so that text which comes late does not begin them again.
const ENDED_MAX: usize = 256;

/// An answer that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAnswer {
    /// The message that grows.
    pub message_id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// Its text so far.
    pub text: String,
    /// When another process told of it last; `None` where it is written here.
    pub told_at: Option<Instant>,
}

/// Text of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerDelta {
    /// Whose.
    pub user: UserId,
    /// Where it stands.
    pub conversation: ConversationId,
    /// The message that grows.
    pub message: MessageId,
    /// At which byte of it the text begins.
    pub offset: usize,
    /// The text.
    pub text: String,
}

/// What came of a piece that another process told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeltaOutcome {
    /// The answer has grown.
    Grown,
    /// Nothing in it was new.
    Known,
    /// What comes before it was not heard.
    Gap,
}

/// The answers being written, by person.
#[derive(Debug, Default)]
pub struct LiveAnswers {
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    people: HashMap<UserId, Vec<LiveAnswer>>,
    ended: VecDeque<MessageId>,
}

impl LiveAnswers {
    /// Adds text to an answer that is written here; the first text begins it. The caller wakes the
    /// readers.
    pub fn append(
        &self,
        user: UserId,
        conversation_id: ConversationId,
        message_id: MessageId,
        text: &str,
    ) {
        let mut live = self.lock();
        let answers = live.people.entry(user).or_default();
        match answers
            .iter_mut()
            .find(|answer| answer.message_id == message_id)
        {
            Some(answer) => answer.text.push_str(text),
            None => answers.push(LiveAnswer {
                message_id,
                conversation_id,
                text: text.to_owned(),
                told_at: None,
            }),
        }
    }

    /// Takes text of an answer that another process writes; only what is new is added, and never
    /// behind a gap.
    pub fn hear(&self, piece: &AnswerDelta, now: Instant) -> DeltaOutcome {
        let mut live = self.lock();
        if live.ended.contains(&piece.message) {
            return DeltaOutcome::Known;
        }
        let answers = live.people.entry(piece.user).or_default();
        let held = answers
            .iter_mut()
            .find(|answer| answer.message_id == piece.message);
        let heard = match held {
            None if piece.offset > 0 => DeltaOutcome::Gap,
            None => {
                let (message_id, conversation_id, text) =
                    (piece.message, piece.conversation, piece.text.clone());
                answers.push(LiveAnswer {
                    message_id,
                    conversation_id,
                    text,
                    told_at: Some(now),
                });
                DeltaOutcome::Grown
            }
            Some(answer) if answer.told_at.is_none() => DeltaOutcome::Known,
            Some(answer) => grow(answer, piece, now),
        };
        live.people.retain(|_, answers| !answers.is_empty());
        heard
    }

    /// Forgets an answer, once its whole text is committed.
    pub fn finish(&self, user: UserId, message_id: MessageId) {
        self.lock()
            .forget(user, |answer| answer.message_id == message_id);
    }

    /// Forgets an answer that another process writes, once its end was read from the database.
    pub fn ended(&self, user: UserId, message_id: MessageId) {
        let mut live = self.lock();
        if live
            .people
            .get(&user)
            .into_iter()
            .flatten()
            .any(|answer| answer.message_id == message_id && answer.told_at.is_none())
        {
            return;
        }
        live.forget(user, |answer| answer.message_id == message_id);
        if !live.ended.contains(&message_id) {
            live.ended.push_back(message_id);
        }
        if live.ended.len() > ENDED_MAX {
            live.ended.pop_front();
        }
    }

    /// Forgets what other processes told last before `before`, or of people for whom `listened`
    /// does not hold.
    pub fn forget_told(&self, before: Instant, listened: impl Fn(UserId) -> bool) {
        self.lock().people.retain(|user, answers| {
            answers.retain(|answer| {
                answer
                    .told_at
                    .is_none_or(|told| told >= before && listened(*user))
            });
            !answers.is_empty()
        });
    }

    /// What a reader who has seen `seen` bytes of each answer has not seen yet: message, offset,
    /// text.
    pub fn unseen(
        &self,
        user: UserId,
        only: Option<ConversationId>,
        seen: &HashMap<MessageId, usize>,
    ) -> Vec<(MessageId, usize, String)> {
        let live = self.lock();
        let answers = live.people.get(&user).into_iter().flatten();
        let wanted = answers.filter(|answer| only.is_none_or(|id| id == answer.conversation_id));
        wanted
            .filter_map(|answer| {
                rest(answer, seen).map(|(offset, text)| (answer.message_id, offset, text))
            })
            .collect()
    }

    /// What other processes that were told `told` bytes of each answer were not told yet; only of
    /// what is written here.
    pub fn untold(&self, user: UserId, told: &HashMap<MessageId, usize>) -> Vec<AnswerDelta> {
        let live = self.lock();
        let answers = live
            .people
            .get(&user)
            .into_iter()
            .flatten()
            .filter(|answer| answer.told_at.is_none());
        let piece = |answer: &LiveAnswer| {
            let (offset, text) = rest(answer, told)?;
            Some(AnswerDelta {
                user,
                conversation: answer.conversation_id,
                message: answer.message_id,
                offset,
                text,
            })
        };
        answers.filter_map(piece).collect()
    }

    /// The messages that are written here, and whose they are.
    pub fn written_here(&self) -> HashMap<MessageId, UserId> {
        let live = self.lock();
        let all = live
            .people
            .iter()
            .flat_map(|(user, answers)| answers.iter().map(move |answer| (user, answer)));
        all.filter(|(_, answer)| answer.told_at.is_none())
            .map(|(user, answer)| (answer.message_id, *user))
            .collect()
    }

    /// The whole texts of a conversation's answers that are written here.
    pub fn texts(&self, user: UserId, conversation: ConversationId) -> HashMap<MessageId, String> {
        let live = self.lock();
        let answers = live.people.get(&user).into_iter().flatten();
        let here = answers
            .filter(|answer| answer.conversation_id == conversation && answer.told_at.is_none());
        here.map(|answer| (answer.message_id, answer.text.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn forget(&mut self, user: UserId, which: impl Fn(&LiveAnswer) -> bool) {
        if let Some(answers) = self.people.get_mut(&user) {
            answers.retain(|answer| !which(answer));
            if answers.is_empty() {
                self.people.remove(&user);
            }
        }
    }
}

/// What lies behind the bytes that are known, and where.
fn rest(answer: &LiveAnswer, known: &HashMap<MessageId, usize>) -> Option<(usize, String)> {
    let offset = known.get(&answer.message_id).copied().unwrap_or(0);
    let text = answer.text.get(offset..).filter(|text| !text.is_empty())?;
    Some((offset, text.to_owned()))
}

fn grow(answer: &mut LiveAnswer, piece: &AnswerDelta, now: Instant) -> DeltaOutcome {
    let Some(known) = answer.text.len().checked_sub(piece.offset) else {
        return DeltaOutcome::Gap;
    };
    answer.told_at = Some(now);
    match piece.text.get(known..) {
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
    fn a_reader_who_joins_late_gets_the_text_so_far() {
        let (user, here, message) = ids();
        let answers = LiveAnswers::default();
        answers.append(user, here, message, "Hello");
        answers.append(user, here, message, " you");
        assert_eq!(
            answers.unseen(user, Some(here), &HashMap::new()),
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
    fn what_is_told_grows_without_holes_and_does_not_begin_again_after_its_end() {
        let (user, conversation, message) = ids();
        let (answers, now) = (LiveAnswers::default(), Instant::now());
        let tell = |offset, text: &str| {
            answers.hear(
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
        for (offset, text, heard, whole) in [
            (3, "lost", DeltaOutcome::Gap, ""),
            (0, "Hé", DeltaOutcome::Grown, "Hé"),
            (0, "Hé", DeltaOutcome::Known, "Hé"),
            (1, "éllo", DeltaOutcome::Grown, "Héllo"),
            (9, "hole", DeltaOutcome::Gap, "Héllo"),
            (6, "!", DeltaOutcome::Grown, "Héllo!"),
        ] {
            assert_eq!(tell(offset, text), heard, "{offset} {text}");
            let held = answers
                .unseen(user, None, &HashMap::new())
                .pop()
                .map_or(String::new(), |(_, _, text)| text);
            assert_eq!(held, whole);
        }
        assert!(
            answers.untold(user, &HashMap::new()).is_empty()
                && answers.texts(user, conversation).is_empty(),
            "it is another's"
        );
        answers.ended(user, message);
        assert_eq!(
            (
                tell(0, "Héllo!"),
                answers.unseen(user, None, &HashMap::new()).len()
            ),
            (DeltaOutcome::Known, 0)
        );
    }

    #[test]
    fn what_is_told_is_forgotten_when_nobody_listens_or_nothing_comes() {
        let (user, conversation, message) = ids();
        let (answers, now) = (LiveAnswers::default(), Instant::now());
        let piece = AnswerDelta {
            user,
            conversation,
            message,
            offset: 0,
            text: "Hello".to_owned(),
        };
        let held = || answers.unseen(user, None, &HashMap::new()).len();
        answers.hear(&piece, now);
        answers.forget_told(now, |_| true);
        assert_eq!(held(), 1);
        answers.forget_told(now, |_| false);
        assert_eq!(held(), 0);
        answers.hear(&piece, now);
        answers.forget_told(now + Duration::from_secs(1), |_| true);
        assert_eq!(held(), 0);
        answers.append(user, conversation, message, "Hello");
        answers.forget_told(now + Duration::from_secs(1), |_| false);
        assert_eq!(held(), 1, "what is written here stays");
    }
}
