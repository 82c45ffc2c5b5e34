//! Text of answers in progress, written by this process or read from the parts of another one, and
//! the HTML of its finished blocks.

use crate::{
    domain::ids::{ConversationId, MessageId, UserId},
    server::base::{
        blocking::run_blocking,
        markdown_blocks::{BlockFinder, FoundBlock},
    },
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Remembered ids of finished answers, so that late text does not start them again.
const ENDED_MAX: usize = 256;

/// A finished block of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerBlock {
    /// The sanitised HTML.
    pub html: Arc<str>,
    /// Where it ends in the text, in bytes.
    pub up_to: usize,
}

/// How much of an answer a reader has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SentText {
    /// The number of blocks.
    pub blocks: usize,
    /// The bytes of text, in blocks or as text.
    pub bytes: usize,
}

impl SentText {
    /// All there ever is.
    pub const ALL: Self = Self {
        blocks: usize::MAX,
        bytes: usize::MAX,
    };
}

/// What a reader of an answer does not have yet: blocks, then text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentText {
    /// The message.
    pub message: MessageId,
    /// The index of the first block.
    pub first: usize,
    /// The blocks.
    pub blocks: Vec<AnswerBlock>,
    /// Byte offset of `text`.
    pub offset: usize,
    /// The text behind the blocks; may be empty.
    pub text: String,
}

impl UnsentText {
    /// How much a reader has that gets this.
    pub fn sent(&self) -> SentText {
        SentText {
            blocks: self.first + self.blocks.len(),
            bytes: self.offset + self.text.len(),
        }
    }
}

/// An answer in progress.
#[derive(Debug)]
struct LiveAnswer {
    message_id: MessageId,
    conversation_id: ConversationId,
    text: String,
    /// How much of `text` readers get; behind it while blocks are rendered.
    shown: usize,
    blocks: Vec<AnswerBlock>,
    finder: BlockFinder,
    /// Whether another process writes it.
    is_remote: bool,
}

impl LiveAnswer {
    fn new(message_id: MessageId, conversation_id: ConversationId, is_remote: bool) -> Self {
        Self {
            message_id,
            conversation_id,
            text: String::new(),
            shown: 0,
            blocks: Vec::new(),
            finder: BlockFinder::default(),
            is_remote,
        }
    }

    /// Appends text; returns the blocks that it finishes, with their Markdown.
    fn push(&mut self, text: &str) -> Vec<(FoundBlock, String)> {
        self.text.push_str(text);
        let found = self.finder.grow(&self.text).into_iter();
        found
            .map(|block| {
                let markdown = self.text[block.range.clone()].to_owned();
                (block, markdown)
            })
            .collect()
    }

    /// What a reader lacks who has `sent`, with at most `max_blocks` blocks.
    fn unsent(&self, sent: SentText, max_blocks: usize) -> Option<UnsentText> {
        let rest = self.blocks.get(sent.blocks..).unwrap_or_default();
        let blocks = rest[..rest.len().min(max_blocks)].to_vec();
        let offset = blocks
            .last()
            .map_or(0, |block| block.up_to)
            .max(sent.bytes)
            .min(self.shown);
        let text = self.text[offset..self.shown].to_owned();
        (!blocks.is_empty() || !text.is_empty()).then_some(UnsentText {
            message: self.message_id,
            first: sent.blocks,
            blocks,
            offset,
            text,
        })
    }
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
    /// Appends text to an answer of this process; the first text starts it. One task at a time for
    /// each answer. The caller wakes the streams.
    pub async fn append(
        &self,
        user: UserId,
        conversation_id: ConversationId,
        message_id: MessageId,
        text: &str,
    ) {
        let answer = || LiveAnswer::new(message_id, conversation_id, false);
        let found = self.lock().find(user, message_id, answer).push(text);
        self.add_blocks(user, message_id, found).await;
    }

    /// Appends text of an answer of another process. Returns `false` if it does not begin where the
    /// known text ends, or the answer has ended.
    pub async fn append_remote(
        &self,
        user: UserId,
        conversation_id: ConversationId,
        message_id: MessageId,
        offset: usize,
        text: &str,
    ) -> bool {
        if self.remote_bytes(user, message_id) != Some(offset) || text.is_empty() {
            return false;
        }
        let answer = || LiveAnswer::new(message_id, conversation_id, true);
        let found = self.lock().find(user, message_id, answer).push(text);
        self.add_blocks(user, message_id, found).await;
        true
    }

    async fn add_blocks(&self, user: UserId, message: MessageId, found: Vec<(FoundBlock, String)>) {
        let mut blocks = Vec::new();
        if !found.is_empty() {
            let render = |(block, markdown): (FoundBlock, String)| AnswerBlock {
                html: block.render(&markdown).into(),
                up_to: block.range.end,
            };
            blocks = run_blocking(move || found.into_iter().map(render).collect()).await;
        }
        if let Some(answer) = self.lock().known(user, message) {
            answer.blocks.extend(blocks);
            answer.shown = answer.text.len();
        }
    }

    /// How many bytes of an answer of another process are known. `None` if it is one of this
    /// process or has ended.
    pub fn remote_bytes(&self, user: UserId, message: MessageId) -> Option<usize> {
        let mut state = self.lock();
        if state.ended.contains(&message) {
            return None;
        }
        match state.known(user, message) {
            Some(answer) => answer.is_remote.then_some(answer.text.len()),
            None => Some(0),
        }
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
            .known(user, message_id)
            .is_some_and(|answer| !answer.is_remote)
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

    /// Removes a user's answers of other processes that are not among these.
    pub fn retain_remote(&self, user: UserId, growing: &[(MessageId, ConversationId)]) {
        self.lock().remove(user, |answer| {
            let is_growing = growing.iter().any(|(id, _)| *id == answer.message_id);
            answer.is_remote && !is_growing
        });
    }

    /// Removes answers of other processes whose user has no stream here.
    pub fn expire_remote(&self, has_streams: impl Fn(UserId) -> bool) {
        self.lock().users.retain(|user, answers| {
            let has_streams = has_streams(*user);
            answers.retain(|answer| has_streams || !answer.is_remote);
            !answers.is_empty()
        });
    }

    /// What a reader of a user's answers does not have; `sent` is what it has of each, and it gets
    /// at most `max_blocks` blocks of each of these.
    pub fn unsent(
        &self,
        user: UserId,
        only: Option<ConversationId>,
        sent: &HashMap<MessageId, SentText>,
        max_blocks: usize,
    ) -> Vec<UnsentText> {
        let state = self.lock();
        let answers = state.users.get(&user).into_iter().flatten();
        let selected = answers.filter(|answer| only.is_none_or(|id| id == answer.conversation_id));
        let unsent = |answer: &LiveAnswer| match sent.get(&answer.message_id) {
            Some(sent) => answer.unsent(*sent, max_blocks),
            None => answer.unsent(SentText::default(), usize::MAX),
        };
        selected.filter_map(unsent).collect()
    }

    /// The text of an answer from byte `offset` on. `None` if it has ended.
    pub fn text_from(&self, user: UserId, message: MessageId, offset: usize) -> Option<String> {
        let mut state = self.lock();
        let answer = state.known(user, message)?;
        answer.text.get(offset..).map(str::to_owned)
    }

    /// The texts of this process's answers in a conversation.
    pub fn local_texts(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> HashMap<MessageId, String> {
        let state = self.lock();
        let answers = state.users.get(&user).into_iter().flatten();
        let local =
            answers.filter(|answer| answer.conversation_id == conversation && !answer.is_remote);
        local
            .map(|answer| (answer.message_id, answer.text.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn known(&mut self, user: UserId, message: MessageId) -> Option<&mut LiveAnswer> {
        let mut answers = self.users.get_mut(&user)?.iter_mut();
        answers.find(|answer| answer.message_id == message)
    }

    /// The answer, begun if it is not known.
    fn find(
        &mut self,
        user: UserId,
        message: MessageId,
        begin: impl FnOnce() -> LiveAnswer,
    ) -> &mut LiveAnswer {
        let answers = self.users.entry(user).or_default();
        let at = answers
            .iter()
            .position(|answer| answer.message_id == message)
            .unwrap_or_else(|| {
                answers.push(begin());
                answers.len() - 1
            });
        &mut answers[at]
    }

    fn remove(&mut self, user: UserId, which: impl Fn(&LiveAnswer) -> bool) {
        if let Some(answers) = self.users.get_mut(&user) {
            answers.retain(|answer| !which(answer));
            if answers.is_empty() {
                self.users.remove(&user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ids() -> (UserId, ConversationId, MessageId) {
        (
            UserId::from_uuid(Uuid::nil()),
            ConversationId::from_uuid(Uuid::nil()),
            MessageId::from_uuid(Uuid::nil()),
        )
    }

    fn text(message: MessageId, offset: usize, text: &str) -> UnsentText {
        UnsentText {
            message,
            first: 0,
            blocks: Vec::new(),
            offset,
            text: text.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_stream_that_starts_late_gets_the_text_so_far() {
        let (user, conversation, message) = ids();
        let answers = LiveAnswers::default();
        answers.append(user, conversation, message, "Hello").await;
        answers.append(user, conversation, message, " you").await;
        assert_eq!(
            answers.unsent(user, Some(conversation), &HashMap::new(), 0),
            [text(message, 0, "Hello you")]
        );
        let sent = SentText {
            blocks: 0,
            bytes: 5,
        };
        assert_eq!(
            answers.unsent(user, None, &HashMap::from([(message, sent)]), 0),
            [text(message, 5, " you")]
        );
        answers.finish(user, message);
        assert_eq!(answers.unsent(user, None, &HashMap::new(), 0), []);
    }

    #[tokio::test]
    async fn finished_blocks_come_before_the_open_one_and_only_once() {
        let (user, conversation, message) = ids();
        let answers = LiveAnswers::default();
        answers
            .append(user, conversation, message, "# Hé\n- a\n- *b*\n- c")
            .await;
        let [first] = &answers.unsent(user, None, &HashMap::new(), 0)[..] else {
            panic!("one answer");
        };
        let html: Vec<&str> = first.blocks.iter().map(|block| &*block.html).collect();
        assert_eq!(
            html,
            [
                "<h1>Hé</h1>\n",
                "<ul>\n<li>a</li>\n</ul>\n",
                "<ul>\n<li><em>b</em></li>\n</ul>\n",
            ]
        );
        assert_eq!((first.blocks[1].up_to, first.offset), (10, 16));
        assert_eq!(first.text, "- c");
        let mut sent = HashMap::from([(message, first.sent())]);
        assert_eq!(answers.unsent(user, None, &sent, 9), []);
        answers
            .append(user, conversation, message, "\n- d\n- e")
            .await;
        let [over] = &answers.unsent(user, None, &sent, 1)[..] else {
            panic!("one answer");
        };
        assert_eq!(
            (
                over.first,
                over.blocks.len(),
                over.offset,
                over.text.as_str()
            ),
            (3, 1, 20, "- d\n- e"),
            "text of a block that waits is sent as text"
        );
        sent.insert(message, over.sent());
        let [late] = &answers.unsent(user, None, &sent, 1)[..] else {
            panic!("one answer");
        };
        assert_eq!(
            (late.first, late.blocks[0].up_to, late.text.as_str()),
            (4, 24, "")
        );
    }

    #[tokio::test]
    async fn remote_text_is_appended_without_gaps_and_not_after_its_end() {
        let (user, conversation, message) = ids();
        let answers = LiveAnswers::default();
        for (offset, added, is_new, whole) in [
            (3, "lost", false, ""),
            (0, "Hé", true, "Hé"),
            (0, "Hé", false, "Hé"),
            (9, "hole", false, "Hé"),
            (3, "llo!", true, "Héllo!"),
        ] {
            let appended = answers.append_remote(user, conversation, message, offset, added);
            assert_eq!(appended.await, is_new, "{offset} {added}");
            let known = answers.text_from(user, message, 0).unwrap_or_default();
            assert_eq!(known, whole);
        }
        assert!(
            answers.local_texts(user, conversation).is_empty(),
            "it is an answer of another process"
        );
        answers.finish_remote(user, message);
        let late = answers.append_remote(user, conversation, message, 0, "Héllo!");
        assert!(!late.await);
        assert_eq!(answers.unsent(user, None, &HashMap::new(), 0), []);
    }

    #[tokio::test]
    async fn remote_answers_end_without_streams_and_with_their_parts() {
        let (user, conversation, message) = ids();
        let answers = LiveAnswers::default();
        let held = || answers.unsent(user, None, &HashMap::new(), 0).len();
        answers
            .append_remote(user, conversation, message, 0, "Hello")
            .await;
        answers.expire_remote(|_| true);
        answers.retain_remote(user, &[(message, conversation)]);
        assert_eq!(held(), 1);
        answers.expire_remote(|_| false);
        assert_eq!(held(), 0);
        answers
            .append_remote(user, conversation, message, 0, "Hello")
            .await;
        answers.retain_remote(user, &[]);
        assert_eq!(held(), 0);
        answers.append(user, conversation, message, "Hello").await;
        answers.expire_remote(|_| false);
        answers.retain_remote(user, &[]);
        assert_eq!(held(), 1, "an answer of this process is kept");
    }
}
