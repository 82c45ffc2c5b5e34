//! Asking the models in order until one answers. What follows from a failure is `policy`'s, which
//! models rest `breaker`'s.

use super::{
    AssistantDeps, budget,
    cost::Cost,
    model::{Model, ModelLink, ModelRequest, ToolCall},
    response::{PartialResponse, listen},
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

/// A model's whole answer.
pub(super) struct ChainAnswer {
    /// Its text; may be empty beside calls.
    pub(super) text: String,
    /// The tools it asks for.
    pub(super) calls: Vec<ToolCall>,
    /// The entry of the asking, where it could be written.
    pub(super) entry: Option<EntryId>,
}

/// The models of a turn.
pub(super) struct Chain<'a> {
    pub(super) deps: &'a AssistantDeps,
    pub(super) turn: TurnRef,
    pub(super) turn_log: &'a TurnLog<'a>,
    /// In the order in which they are asked.
    pub(super) models: Vec<Arc<dyn Model>>,
    /// Messages that a reader was told are left out.
    pub(super) told_left_out: usize,
    /// Models of which it was said that they cannot see this turn's pictures.
    pub(super) blind: BTreeSet<String>,
}

impl Chain<'_> {
    /// Asks each model in turn. `None` when every one failed: that is said in the conversation, and
    /// the turn is over.
    pub(super) async fn ask(
        &mut self,
        request: &ModelRequest,
        tools_used: &[String],
    ) -> Result<Option<ChainAnswer>> {
        let mut failed: Vec<FailedAttempt> = Vec::new();
        let awake = self.awake();
        for (at, model) in self.models.clone().iter().enumerate() {
            if !awake[at] {
                self.tell_of_rest(&**model, at).await;
                continue;
            }
            if let Some(last) = failed.last() {
                self.turn_log
                    .fallback(&last.name, model.link(), &last.error)
                    .await;
            }
            let attempt = AttemptEntry {
                number: at + 1,
                of: self.models.len(),
                fallback: at > 0,
                started: self.deps.clock.now(),
            };
            match self.attempt(&**model, attempt, request, tools_used).await? {
                Ok(answered) => return Ok(Some(answered)),
                Err((failure, next)) => {
                    failed.push(failure);
                    if next == NextStep::Stop {
                        break;
                    }
                }
            }
        }
        self.give_up(&failed).await?;
        Ok(None)
    }

    /// Whether the person has tokens left for today; if not, that is said in the conversation, and
    /// the turn is over.
    pub(super) async fn may_go_on(&self) -> Result<bool> {
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
            (checked, _) => checked.map(|()| true),
        }
    }

    /// Which models may be asked: all that do not rest, or every one where all do.
    fn awake(&self) -> Vec<bool> {
        let now = self.deps.clock.now();
        let awake: Vec<bool> = self
            .models
            .iter()
            .map(|model| self.deps.breakers.rest(model.link(), now).is_none())
            .collect();
        if awake.contains(&true) {
            awake
        } else {
            vec![true; awake.len()]
        }
    }

    async fn tell_of_rest(&self, model: &dyn Model, at: usize) {
        let now = self.deps.clock.now();
        let next = self.models[at + 1..]
            .iter()
            .find(|next| self.deps.breakers.rest(next.link(), now).is_none());
        let rest = self.deps.breakers.rest(model.link(), now);
        if let (Some(rest), Some(next)) = (rest, next)
            && self.deps.breakers.tell(model.link(), self.turn.id)
        {
            self.turn_log
                .rests(
                    model.link(),
                    next.link(),
                    &rest.error,
                    rest.until.since(now),
                )
                .await;
        }
    }

    /// Asks one model until it answers or is given up. The outer error is Holly's own: without a
    /// database there is no answer to write.
    async fn attempt(
        &mut self,
        model: &dyn Model,
        attempt: AttemptEntry,
        request: &ModelRequest,
        tools_used: &[String],
    ) -> Result<std::result::Result<ChainAnswer, (FailedAttempt, NextStep)>> {
        let link = model.link();
        let (request, left_out) = budget::fit(&self.seen(link, request).await, link.window);
        if left_out > self.told_left_out {
            self.told_left_out = left_out;
            self.turn_log.left_out(link, left_out).await;
        }
        let entry = self.turn_log.asked(link, attempt, request.said.len()).await;
        let mut tries = 1;
        loop {
            let mut coming = PartialResponse::new(self.deps, self.turn);
            let cost = Cost::ask(self.deps, self.turn, &request).await;
            let heard = listen(self.deps, model, &request, &mut coming).await?;
            let Err(error) = heard else {
                cost.answered(self.turn_log, coming.heard.usage, &coming.answer.text())
                    .await;
                return self
                    .answered(model, attempt, coming, entry, tools_used)
                    .await
                    .map(Ok);
            };
            let shown = self.broke_off(link, attempt, coming).await?;
            cost.failed(shown).await;
            match retry_policy::after(&error, shown, tries) {
                NextStep::Again(wait) => {
                    self.turn_log.asked_again(entry, link, &error, wait).await;
                    tokio::time::sleep(wait.mul_f64(self.deps.patience.pace)).await;
                    tries += 1;
                }
                next => {
                    self.deps.breakers.note(link, &error, self.deps.clock.now());
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

    /// Ends the message of an answer that broke off. Says whether a reader has seen any of it.
    async fn broke_off(
        &self,
        link: &ModelLink,
        attempt: AttemptEntry,
        coming: PartialResponse<'_>,
    ) -> Result<bool> {
        let mut answer = coming.answer;
        let shown = answer.has_begun();
        if shown {
            answer.let_the_rest_through(link).await?;
        }
        let duration_ms = self.deps.clock.now().since(attempt.started);
        answer
            .finish(
                MessageStatus::Interrupted,
                duration_ms,
                attempt.facts(None, None),
            )
            .await?;
        Ok(shown)
    }

    /// The request as a model can be given it; the log says once what it cannot see.
    async fn seen(&mut self, link: &ModelLink, request: &ModelRequest) -> ModelRequest {
        let (request, unseen) = request.seen_by(link);
        if !unseen.is_empty() && self.blind.insert(link.name.clone()) {
            self.turn_log.pictures_unseen(link, &unseen).await;
        }
        request
    }

    async fn answered(
        &self,
        model: &dyn Model,
        attempt: AttemptEntry,
        coming: PartialResponse<'_>,
        entry: Option<EntryId>,
        tools_used: &[String],
    ) -> Result<ChainAnswer> {
        let PartialResponse {
            mut answer,
            calls,
            heard,
        } = coming;
        self.deps.breakers.close(model.link());
        answer.let_the_rest_through(model.link()).await?;
        let (text, masked) = (answer.text(), answer.masked());
        let duration_ms = self.deps.clock.now().since(attempt.started);
        answer
            .finish(
                MessageStatus::Done,
                duration_ms,
                attempt.facts(heard.usage, heard.first_at),
            )
            .await?;
        let tools_used = if calls.is_empty() {
            Some(tools_used)
        } else {
            None
        };
        self.turn_log
            .answered(entry, model.link(), attempt, heard, masked, tools_used)
            .await;
        Ok(ChainAnswer { text, calls, entry })
    }

    async fn give_up(&self, failed: &[FailedAttempt]) -> Result<()> {
        self.turn_log.everything_failed(failed).await;
        match self.models.last() {
            Some(last) => {
                super::answer::AnswerWriter::new(self.deps, self.turn)
                    .fail(&apology(failed), last.link())
                    .await
            }
            None => Ok(()),
        }
    }
}

fn apology(failed: &[FailedAttempt]) -> String {
    let each: Vec<String> = failed
        .iter()
        .map(|failed| format!("{} {}", failed.name, failed.error.sentence()))
        .collect();
    format!(
        "I could not get an answer: {}. Nothing you wrote is lost; please try again.",
        each.join(", ")
    )
}
