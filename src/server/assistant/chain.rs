//! Calls the models in order until one answers. The reaction to a failure is decided in
//! `retry_policy`; models in cooldown are in `breaker`.

use super::{
    AssistantDeps,
    bounds::ReceivedCall,
    budget,
    cost::Cost,
    message_order,
    model::{ErrorClass, Model, ModelError, ModelLink, ModelRequest},
    response::{PartialResponse, read_response},
    retry_policy::{self, NextStep},
    turn_log::{AttemptEntry, FailedAttempt, TurnLog},
};
use crate::{
    domain::{MessageStatus, ids::EntryId},
    server::{
        base::error::{Error, Result, capitalised},
        store::turns::TurnRef,
    },
};
use std::{collections::BTreeSet, sync::Arc};

/// The complete answer of a model.
pub(super) struct ChainAnswer {
    /// The text; may be empty if there are calls.
    pub(super) text: String,
    /// The requested tool calls.
    pub(super) calls: Vec<ReceivedCall>,
    /// The entry of the model call, if it could be written.
    pub(super) entry: Option<EntryId>,
}

/// The models of a turn.
pub(super) struct Chain<'a> {
    pub(super) deps: &'a AssistantDeps,
    pub(super) turn: TurnRef,
    pub(super) turn_log: &'a TurnLog<'a>,
    /// In the order in which they are called.
    pub(super) models: Vec<Arc<dyn Model>>,
    /// The largest number of omitted messages that was logged.
    pub(super) logged_omitted: usize,
    /// Models for which it was logged that they cannot see this turn's pictures.
    pub(super) logged_without_images: BTreeSet<String>,
}

impl Chain<'_> {
    /// Calls the models in order. `None` if all failed: then the conversation has a message that
    /// says so, and the turn is over.
    pub(super) async fn answer(
        &mut self,
        request: &ModelRequest,
        tools_used: &[String],
    ) -> Result<Option<ChainAnswer>> {
        let mut failed: Vec<FailedAttempt> = Vec::new();
        let available = self.available();
        for (at, model) in self.models.clone().iter().enumerate() {
            if !available[at] {
                self.log_cooldown(&**model, at).await;
                continue;
            }
            if let Some(last) = failed.last() {
                self.turn_log
                    .fallback_started(&last.name, model.link(), &last.error)
                    .await;
            }
            let attempt = AttemptEntry {
                number: at + 1,
                of: self.models.len(),
                fallback: at > 0,
                started: self.deps.clock.now(),
            };
            match self.attempt(&**model, attempt, request, tools_used).await? {
                Ok(answer) => return Ok(Some(answer)),
                Err((failure, next)) => {
                    failed.push(failure);
                    if next == NextStep::Stop {
                        break;
                    }
                }
            }
        }
        self.fail(&failed).await?;
        Ok(None)
    }

    /// Whether the user has tokens left for today; if not, the conversation has a message that says
    /// so, and the turn is over.
    pub(super) async fn check_daily_tokens(&self) -> Result<bool> {
        let (now, limits) = (self.deps.clock.now(), &self.deps.limits);
        match (
            limits
                .tokens
                .check(&self.deps.store, now, self.turn.user_id)
                .await,
            self.models.last(),
        ) {
            (Err(Error::TooMany { why, .. }), Some(last)) => {
                let sentence = format!("{} What I have done so far is above.", capitalised(&why));
                super::answer::AnswerWriter::new(self.deps, self.turn)
                    .fail(&sentence, last.link())
                    .await?;
                Ok(false)
            }
            (result, _) => result.map(|()| true),
        }
    }

    /// Which models may be called: those not in cooldown, or all if every one is in cooldown.
    fn available(&self) -> Vec<bool> {
        let now = self.deps.clock.now();
        let available: Vec<bool> = self
            .models
            .iter()
            .map(|model| self.deps.breakers.cooldown(model.link(), now).is_none())
            .collect();
        if available.contains(&true) {
            available
        } else {
            vec![true; available.len()]
        }
    }

    async fn log_cooldown(&self, model: &dyn Model, at: usize) {
        let now = self.deps.clock.now();
        let next = self.models[at + 1..]
            .iter()
            .find(|next| self.deps.breakers.cooldown(next.link(), now).is_none());
        let cooldown = self.deps.breakers.cooldown(model.link(), now);
        if let (Some(cooldown), Some(next)) = (cooldown, next)
            && self.deps.breakers.log_once(model.link(), self.turn.id)
        {
            self.turn_log
                .model_skipped(
                    model.link(),
                    next.link(),
                    &cooldown.error,
                    cooldown.until.since(now),
                )
                .await;
        }
    }

    /// Calls one model until it answers or has no retries left. The outer error is Holly's own:
    /// without a database no answer can be written.
    async fn attempt(
        &mut self,
        model: &dyn Model,
        attempt: AttemptEntry,
        request: &ModelRequest,
        tools_used: &[String],
    ) -> Result<std::result::Result<ChainAnswer, (FailedAttempt, NextStep)>> {
        let link = model.link();
        let request = self.adapt(link, request).await;
        let messages = request.messages.len();
        let entry = self.turn_log.model_called(link, attempt, messages).await;
        let mut tries = 1;
        loop {
            let (response, result) = self
                .respond(model, &request, entry, tools_used.len())
                .await?;
            let Err(error) = result else {
                return self
                    .finish(model, attempt, response, entry, tools_used)
                    .await
                    .map(Ok);
            };
            let visible = self.interrupt(link, attempt, response).await?;
            match retry_policy::after(&error, visible, tries) {
                NextStep::Retry(wait) => {
                    self.turn_log.model_retried(entry, link, &error, wait).await;
                    tokio::time::sleep(wait.mul_f64(self.deps.timeouts.retry_delay_factor)).await;
                    tries += 1;
                }
                next => {
                    let now = self.deps.clock.now();
                    self.deps.breakers.record_failure(link, &error, now);
                    self.turn_log
                        .model_failed(entry, link, attempt, &error, tries)
                        .await;
                    return Ok(Err((
                        FailedAttempt {
                            name: link.name.clone(),
                            error,
                            tries,
                        },
                        next,
                    )));
                }
            }
        }
    }

    /// Calls one model once and counts the tokens of its response.
    async fn respond<'r>(
        &'r self,
        model: &'r dyn Model,
        request: &ModelRequest,
        entry: Option<EntryId>,
        calls_before: usize,
    ) -> Result<(PartialResponse<'r>, std::result::Result<(), ModelError>)> {
        let (deps, turn, turn_log) = (self.deps, self.turn, self.turn_log);
        let mut response = PartialResponse::new(deps, turn, turn_log, model, entry, calls_before);
        let cost = Cost::start(deps, turn, request).await;
        let result = read_response(request, &mut response).await?;
        let failure = result.as_ref().err().map(|error| error.class);
        let is_complete = matches!(failure, None | Some(ErrorClass::NoAnswer));
        response.reasoning.end(is_complete).await;
        if is_complete {
            let thinking = response.reasoning.bytes().div_ceil(3);
            let written = thinking + budget::tokens(&response.answer.text());
            cost.settle(turn_log, response.stats.usage, written).await;
        } else {
            cost.refund_unless(response.answer.is_visible()).await;
        }
        Ok((response, result))
    }

    /// Ends the message of an answer that was cut off. Returns whether any of it is visible.
    async fn interrupt(
        &self,
        link: &ModelLink,
        attempt: AttemptEntry,
        response: PartialResponse<'_>,
    ) -> Result<bool> {
        let mut answer = response.answer;
        let visible = answer.is_visible();
        if visible {
            answer.flush(link).await?;
        }
        let duration_ms = self.deps.clock.now().since(attempt.started);
        answer
            .finish(
                MessageStatus::Interrupted,
                duration_ms,
                attempt.facts(None, None),
            )
            .await?;
        Ok(visible)
    }

    /// Fits the request to a model: pictures that it does not support and messages beyond its
    /// window are removed, which is logged once, and the rest is put in order. The demo, which has
    /// no template, gets each message as it was written: its script follows the last one.
    async fn adapt(&mut self, link: &ModelLink, request: &ModelRequest) -> ModelRequest {
        let (request, removed) = request.adapted_to(link);
        if !removed.is_empty() && self.logged_without_images.insert(link.name.clone()) {
            self.turn_log.pictures_not_supported(link, &removed).await;
        }
        let (mut request, omitted) = budget::fit(&request, link.window);
        if omitted > self.logged_omitted {
            self.logged_omitted = omitted;
            self.turn_log.messages_omitted(link, omitted).await;
        }
        if !link.is_demo() {
            request.messages = message_order::normalised(request.messages);
        }
        request
    }

    /// Completes the message and its entry.
    async fn finish(
        &self,
        model: &dyn Model,
        attempt: AttemptEntry,
        response: PartialResponse<'_>,
        entry: Option<EntryId>,
        tools_used: &[String],
    ) -> Result<ChainAnswer> {
        let PartialResponse {
            mut answer,
            calls,
            stats,
            ..
        } = response;
        let calls = calls.finish();
        self.deps.breakers.record_success(model.link());
        answer.flush(model.link()).await?;
        let (text, masked) = (answer.text(), answer.masked());
        let duration_ms = self.deps.clock.now().since(attempt.started);
        answer
            .finish(
                MessageStatus::Done,
                duration_ms,
                attempt.facts(stats.usage, stats.first_at),
            )
            .await?;
        let tools_used = if calls.is_empty() {
            Some(tools_used)
        } else {
            None
        };
        self.turn_log
            .model_answered(entry, model.link(), attempt, stats, masked, tools_used)
            .await;
        Ok(ChainAnswer { text, calls, entry })
    }

    async fn fail(&self, failed: &[FailedAttempt]) -> Result<()> {
        self.turn_log.all_models_failed(failed).await;
        match self.models.last() {
            Some(last) => {
                super::answer::AnswerWriter::new(self.deps, self.turn)
                    .fail(&failure_message(failed), last.link())
                    .await
            }
            None => Ok(()),
        }
    }
}

fn failure_message(failed: &[FailedAttempt]) -> String {
    let sentences: Vec<String> = failed
        .iter()
        .map(|failed| format!("{} {}", failed.name, failed.error.sentence()))
        .collect();
    format!(
        "I could not get an answer: {}. Nothing you wrote is lost; please try again.",
        sentences.join(", ")
    )
}
