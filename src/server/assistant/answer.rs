//! The message that grows while a model answers. Its row is created with the first text and has the
//! whole text at the end; meanwhile the feed delivers it and the database has it in parts.

use super::{AssistantDeps, model::ModelLink};
use crate::{
    domain::{AnswerFacts, Message, MessageStatus, Role, nul, time::Timestamp},
    server::{
        base::{
            error::{Error, Result},
            masking::MaskingStream,
            new_id,
        },
        feed::PartWriter,
        store::{conversations, messages, turns::TurnRef},
    },
};

/// Writes an answer to the feed and the database.
pub(super) struct AnswerWriter<'a> {
    deps: &'a AssistantDeps,
    turn: TurnRef,
    /// Masks secrets in the model's text.
    masking: MaskingStream,
    message: Option<Message>,
    parts: Option<PartWriter>,
    has_text: bool,
}

impl<'a> AnswerWriter<'a> {
    pub(super) fn new(deps: &'a AssistantDeps, turn: TurnRef) -> Self {
        Self {
            deps,
            turn,
            masking: MaskingStream::default(),
            message: None,
            parts: None,
            has_text: false,
        }
    }

    /// Adds text; the first visible text creates the message.
    pub(super) async fn add(&mut self, mut text: String, link: &ModelLink) -> Result<()> {
        nul::clean(&mut text);
        self.has_text |= !text.trim().is_empty();
        let masked = self.masking.push(&text);
        self.append(&masked, link).await
    }

    /// Appends text that the masking stream held back; called after the last text.
    pub(super) async fn flush(&mut self, link: &ModelLink) -> Result<()> {
        let rest = self.masking.finish();
        self.append(&rest, link).await
    }

    async fn append(&mut self, text: &str, link: &ModelLink) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let (deps, user) = (self.deps, self.turn.user_id);
        if self.message.is_none() {
            let now = deps.clock.now();
            let message = self.create_message(now, MessageStatus::Streaming, link);
            self.message = Some(message.await?);
        }
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        message.content.push_str(text);
        let answers = &deps.feed.answers;
        answers
            .append(user, message.conversation_id, message.id, text)
            .await;
        deps.store.wakeups().text(user);
        self.parts
            .get_or_insert_with(|| PartWriter::start(&deps.store, &deps.feed, user, message.id))
            .grown();
        Ok(())
    }

    /// The text so far.
    pub(super) fn text(&self) -> String {
        self.message
            .as_ref()
            .map(|message| message.content.clone())
            .unwrap_or_default()
    }

    /// Whether the model sent any text, visible or still held back.
    pub(super) const fn has_text(&self) -> bool {
        self.has_text
    }

    /// The number of secrets that were masked.
    pub(super) fn masked(&self) -> usize {
        self.masking.masked()
    }

    /// Whether any text is visible to the user.
    pub(super) const fn is_visible(&self) -> bool {
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
        let mut writer = self;
        writer.parts = None;
        if let Some(message) = &mut writer.message {
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
            writer.update_message(now).await?;
            writer.deps.feed.answers.finish(writer.turn.user_id, id);
        }
        Ok(())
    }

    /// Creates a failed message with this sentence.
    pub(super) async fn fail(mut self, sentence: &str, link: &ModelLink) -> Result<()> {
        let now = self.deps.clock.now();
        let mut message = self
            .create_message(now, MessageStatus::Failed, link)
            .await?;
        message.content = sentence.to_owned();
        self.message = Some(message);
        self.update_message(now).await
    }

    async fn create_message(
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

    async fn update_message(&mut self, now: Timestamp) -> Result<()> {
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
