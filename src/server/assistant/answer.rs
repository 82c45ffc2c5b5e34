//! The message that grows while a model answers. Its row is made with the first word; readers get
//! every word at once from the feed, the database once a second and at the end.

use super::{AssistantDeps, model::ModelLink};
use crate::{
    domain::{AnswerFacts, Message, MessageStatus, Role, nul, time::Timestamp},
    server::{
        base::{
            error::{Error, Result},
            masking::MaskingStream,
            new_id,
        },
        store::{conversations, messages, turns::TurnRef},
    },
};

/// How often growing text is written to the database, in milliseconds.
const WRITE_EVERY_MS: i64 = 1_000;

/// An answer on its way.
pub(super) struct AnswerWriter<'a> {
    deps: &'a AssistantDeps,
    turn: TurnRef,
    /// What the model says passes here first: secrets stay out.
    gate: MaskingStream,
    message: Option<Message>,
    written_at: Timestamp,
    has_text: bool,
}

impl<'a> AnswerWriter<'a> {
    pub(super) fn new(deps: &'a AssistantDeps, turn: TurnRef) -> Self {
        Self {
            deps,
            turn,
            gate: MaskingStream::default(),
            message: None,
            written_at: Timestamp::default(),
            has_text: false,
        }
    }

    /// Adds text; the first that can be shown begins the message.
    pub(super) async fn add(&mut self, mut text: String, link: &ModelLink) -> Result<()> {
        nul::clean(&mut text);
        self.has_text |= !text.trim().is_empty();
        let shown = self.gate.push(&text);
        self.show(&shown, link).await
    }

    /// There is no more to come: what was held back is shown.
    pub(super) async fn let_the_rest_through(&mut self, link: &ModelLink) -> Result<()> {
        let rest = self.gate.finish();
        self.show(&rest, link).await
    }

    async fn show(&mut self, text: &str, link: &ModelLink) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let now = self.deps.clock.now();
        if self.message.is_none() {
            self.message = Some(self.begin(now, MessageStatus::Streaming, link).await?);
            self.written_at = now;
        }
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        message.content.push_str(text);
        self.deps
            .feed
            .answers
            .append(self.turn.user_id, message.conversation_id, message.id, text);
        self.deps.store.wakeups().text(self.turn.user_id);
        if now.since(self.written_at) >= WRITE_EVERY_MS {
            self.written_at = now;
            self.write(now).await?;
        }
        Ok(())
    }

    /// The text so far.
    pub(super) fn text(&self) -> String {
        self.message
            .as_ref()
            .map(|message| message.content.clone())
            .unwrap_or_default()
    }

    /// Whether the model said anything, shown yet or not.
    pub(super) const fn has_text(&self) -> bool {
        self.has_text
    }

    /// How many secrets were masked in it.
    pub(super) fn masked(&self) -> usize {
        self.gate.masked()
    }

    /// Whether a reader has seen any of it.
    pub(super) const fn has_begun(&self) -> bool {
        self.message.is_some()
    }

    /// Settles the message, if there is one.
    pub(super) async fn finish(
        self,
        status: MessageStatus,
        duration_ms: i64,
        facts: AnswerFacts,
    ) -> Result<()> {
        let now = self.deps.clock.now();
        let mut answer = self;
        if let Some(message) = &mut answer.message {
            message.status = status;
            let AnswerFacts {
                provider,
                model_name,
                ..
            } = std::mem::take(&mut message.facts);
            message.facts = AnswerFacts {
                provider,
                model_name,
                duration_ms: Some(duration_ms),
                ..facts
            };
            let id = message.id;
            answer.write(now).await?;
            answer.deps.feed.answers.finish(answer.turn.user_id, id);
        }
        Ok(())
    }

    /// Says in one message that no answer could be had.
    pub(super) async fn fail(mut self, sentence: &str, link: &ModelLink) -> Result<()> {
        let now = self.deps.clock.now();
        let mut message = self.begin(now, MessageStatus::Failed, link).await?;
        message.content = sentence.to_owned();
        self.message = Some(message);
        self.write(now).await
    }

    async fn begin(
        &self,
        now: Timestamp,
        status: MessageStatus,
        link: &ModelLink,
    ) -> Result<Message> {
        let facts = AnswerFacts {
            provider: Some(link.provider.to_owned()),
            model_name: Some(link.title()),
            ..AnswerFacts::default()
        };
        let mut message = Message {
            id: new_id::message(now),
            conversation_id: self.turn.conversation_id,
            turn_id: Some(self.turn.id),
            role: Role::Assistant,
            content: String::new(),
            html: None,
            html_bytes: 0,
            attachments: Vec::new(),
            status,
            facts,
            created_at: now,
            updated_at: now,
            rev: 0,
        };
        let mut tx = self.deps.store.begin().await?;
        tx.lock(self.turn.user_id).await?;
        conversations::find(&mut tx, self.turn.user_id, self.turn.conversation_id)
            .await?
            .ok_or(Error::NotFound("conversation"))?;
        messages::insert(&mut tx, self.turn.user_id, &mut message).await?;
        tx.commit().await?;
        Ok(message)
    }

    async fn write(&mut self, now: Timestamp) -> Result<()> {
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        message.updated_at = now;
        let mut tx = self.deps.store.begin().await?;
        if !messages::update(&mut tx, self.turn.user_id, message).await? {
            return Err(Error::NotFound("message"));
        }
        Ok(tx.commit().await?)
    }
}
