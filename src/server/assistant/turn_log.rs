//! The work log entries of a turn: ten log points. A failed write never ends the turn; it is
//! counted and logged.

use super::{
    AssistantDeps,
    approval::{Question, format_arguments},
    history::{short_arguments, short_text},
    model::{ModelError, ModelLink, OptionalPart, ToolCall, Usage},
    tool::Progress,
};
use crate::{
    domain::{
        AnswerFacts, EntryDraft, EntryPatch, LogType, Metadata, Status, UNKNOWN_TOOL, clip_details,
        clip_title,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::{error::Result, log_targets},
        store::{Store, turns::TurnRef},
        work_log::{
            Origin, finish_work_log, log_error, log_info, log_success, log_working,
            request_approval,
        },
    },
};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A model call that failed.
pub(super) struct FailedAttempt {
    /// The model's display name.
    pub(super) name: String,
    /// The last error.
    pub(super) error: ModelError,
    /// The number of tries.
    pub(super) tries: u32,
}

/// Facts about a response.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResponseStats {
    /// The tokens used, if the provider reported them.
    pub(super) usage: Option<Usage>,
    /// When the first text or call arrived.
    pub(super) first_at: Option<Timestamp>,
    /// Whether the answer ended at a length limit, the model's or Holly's.
    pub(super) cut_short: bool,
}

/// Writes a turn's entries.
pub(super) struct TurnLog<'a> {
    deps: &'a AssistantDeps,
    turn: TurnRef,
    /// The parts of requests that a model does not support, as far as they were logged.
    left_out: Mutex<Vec<(String, OptionalPart)>>,
}

/// One model call.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttemptEntry {
    /// Its position in the chain, from 1.
    pub(super) number: usize,
    /// The length of the chain.
    pub(super) of: usize,
    /// Whether another model failed before.
    pub(super) fallback: bool,
    /// When it started.
    pub(super) started: Timestamp,
}

impl AttemptEntry {
    /// The facts shown under the message.
    pub(super) fn facts(self, usage: Option<Usage>, first_at: Option<Timestamp>) -> AnswerFacts {
        AnswerFacts {
            input_tokens: usage.map(|usage| usage.input_tokens),
            output_tokens: usage.map(|usage| usage.output_tokens),
            tokens_estimated: usage.is_some_and(|usage| usage.estimated),
            first_token_ms: first_at.map(|first| first.since(self.started)),
            fallback: self.fallback,
            ..AnswerFacts::default()
        }
    }
}

impl<'a> TurnLog<'a> {
    pub(super) const fn new(deps: &'a AssistantDeps, turn: TurnRef) -> Self {
        Self {
            deps,
            turn,
            left_out: Mutex::new(Vec::new()),
        }
    }

    /// Whether this part of requests to `link` has not been marked as logged before.
    pub(super) fn mark_left_out(&self, link: &ModelLink, part: OptionalPart) -> bool {
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        let new = (link.key(), part);
        let is_new = !left_out.contains(&new);
        if is_new {
            left_out.push(new);
        }
        is_new
    }

    /// 1: a model is called.
    pub(super) async fn model_called(
        &self,
        link: &ModelLink,
        attempt: AttemptEntry,
        messages: usize,
    ) -> Option<EntryId> {
        let metadata = link_metadata(link)
            .with("messages", messages)
            .with("attempt", format!("{} of {}", attempt.number, attempt.of));
        self.working(
            EntryDraft::clipped(
                LogType::AiResponse,
                &format!("{} is thinking", link.title()),
                None,
                metadata,
            ),
            None,
        )
        .await
    }

    /// 2, 5 and 8: a model answered with text or tool calls, possibly after tools or as a fallback.
    /// `tools_used` are the tools of the turn if this is its last answer; `masked` is the number of
    /// masked secrets.
    pub(super) async fn model_answered(
        &self,
        entry: Option<EntryId>,
        link: &ModelLink,
        attempt: AttemptEntry,
        stats: ResponseStats,
        masked: usize,
        tools_used: Option<&[String]>,
    ) {
        let mut facts = Metadata::default();
        if let Some(usage) = stats.usage {
            facts = facts
                .with("inputTokens", usage.input_tokens)
                .with("outputTokens", usage.output_tokens);
            facts = if usage.estimated {
                facts.with("tokensEstimated", true)
            } else {
                facts
            };
        }
        if let Some(first_at) = stats.first_at {
            facts = facts.with("timeToFirstTokenMs", first_at.since(attempt.started));
        }
        facts = if attempt.fallback {
            facts.with("fallback", true)
        } else {
            facts
        };
        facts = if masked > 0 {
            facts.with("maskedValues", masked)
        } else {
            facts
        };
        facts = if stats.cut_short {
            facts.with("finishReason", "length")
        } else {
            facts
        };
        if let Some(used) = tools_used.filter(|used| !used.is_empty()) {
            facts = facts.with("toolsUsed", used.to_vec());
        }
        let (status, what) = match (stats.cut_short, tools_used) {
            (true, _) => (Status::Warning, "stopped at its length limit"),
            (false, Some(_)) => (Status::Success, "answered"),
            (false, None) => (Status::Success, "planned the answer"),
        };
        self.settle(
            entry,
            attempt.started,
            status,
            Some(format!("{} {what}", link.title())),
            None,
            facts,
        )
        .await;
    }

    /// 3: the model calls a tool that does not exist. The name is the model's own.
    pub(super) async fn unknown_tool(
        &self,
        call: &ToolCall,
        title: &str,
        parent: Option<EntryId>,
    ) -> Option<EntryId> {
        let metadata = call_metadata(call).with(UNKNOWN_TOOL, true);
        self.working(
            EntryDraft::clipped(LogType::ToolCall, title, None, metadata),
            parent,
        )
        .await
    }

    /// 3: a tool starts.
    pub(super) async fn tool_started(
        &self,
        call: &ToolCall,
        title: &str,
        parent: Option<EntryId>,
    ) -> Option<EntryId> {
        self.working(
            EntryDraft::clipped(LogType::ToolCall, title, None, call_metadata(call)),
            parent,
        )
        .await
    }

    /// 3, for a tool that writes or sends: it waits for the user's approval and shows its
    /// arguments, or was always allowed before.
    pub(super) async fn approval_requested(
        &self,
        call: &ToolCall,
        title: &str,
        parent: Option<EntryId>,
        Question {
            call: bound,
            until,
            state,
        }: Question,
    ) -> Option<EntryId> {
        let metadata = call_metadata(call).with("approval", json!(state));
        let details = Some(format_arguments(&call.arguments));
        let draft = EntryDraft::clipped(LogType::ToolCall, title, details, metadata);
        let draft = self.for_turn(EntryDraft {
            parent_id: parent,
            ..draft
        });
        let (store, now, _) = self.context();
        let written = request_approval(store, now, self.turn, draft, bound, (until, state)).await;
        self.log_failure(written.map(|entry| entry.id))
    }

    /// A tool reports progress.
    pub(super) async fn tool_progress(&self, entry: Option<EntryId>, progress: Progress) {
        let facts = Metadata::default()
            .with("progress", progress.percent)
            .with("step", progress.note);
        self.update(
            entry,
            EntryPatch {
                metadata: Some(facts.0),
                ..EntryPatch::default()
            },
            true,
        )
        .await;
    }

    /// 4: a tool finished. `told` is its result for the model, which later turns are told again.
    pub(super) async fn tool_finished(
        &self,
        entry: Option<EntryId>,
        started: Timestamp,
        details: Option<String>,
        told: &str,
        files: Value,
    ) {
        let facts = cleared_progress().with("files", files);
        let facts = if details.as_deref() == Some(told) {
            facts
        } else {
            facts.with("toolResult", short_text(told))
        };
        self.settle(entry, started, Status::Success, None, details, facts)
            .await;
    }

    /// A model failed and is called again after `wait`, with the same entry.
    pub(super) async fn model_retried(
        &self,
        entry: Option<EntryId>,
        link: &ModelLink,
        error: &ModelError,
        wait: Duration,
    ) {
        let title = format!(
            "{} {}; retrying in {} s",
            link.title(),
            error.sentence(),
            wait.as_secs_f64()
        );
        let facts = Metadata::default()
            .with("errorClass", error.class.as_str())
            .with("error", error.message.as_str());
        let patch = EntryPatch {
            title: Some(clip_title(&title)),
            metadata: Some(facts.0),
            ..EntryPatch::default()
        };
        self.update(entry, patch, true).await;
    }

    /// 6: a model failed and is not retried.
    pub(super) async fn model_failed(
        &self,
        entry: Option<EntryId>,
        link: &ModelLink,
        attempt: AttemptEntry,
        error: &ModelError,
        tries: u32,
    ) {
        let mut facts = Metadata::default()
            .with("errorClass", error.class.as_str())
            .with("error", error.message.as_str());
        if let Some(status) = error.status {
            facts = facts.with("httpStatus", status);
        }
        if let Some(seconds) = error.retry_after_s {
            facts = facts.with("retryAfter", format!("{seconds} s"));
        }
        facts = if tries > 1 {
            facts.with("tries", tries)
        } else {
            facts
        };
        let title = format!("{} {}", link.title(), error.sentence());
        self.settle(
            entry,
            attempt.started,
            Status::Error,
            Some(title),
            None,
            facts,
        )
        .await;
    }

    /// 7: the fallback is called.
    pub(super) async fn fallback_started(&self, from: &str, to: &ModelLink, why: &ModelError) {
        let title = format!("{from} {}. Trying {}.", why.sentence(), to.title());
        self.fallback(&title, from, to, why).await;
    }

    /// 7, too: a model in cooldown is skipped.
    pub(super) async fn model_skipped(
        &self,
        skipped: &ModelLink,
        to: &ModelLink,
        why: &ModelError,
        cooldown_ms: i64,
    ) {
        let seconds = (cooldown_ms + 999) / 1_000;
        let title = format!(
            "{} {} and is paused for {seconds} s. Trying {}.",
            skipped.name,
            why.sentence(),
            to.title()
        );
        self.fallback(&title, &skipped.name, to, why).await;
    }

    async fn fallback(&self, title: &str, from: &str, to: &ModelLink, why: &ModelError) {
        let metadata = link_metadata(to)
            .with("from", from)
            .with("to", to.name.as_str())
            .with("errorClass", why.class.as_str())
            .with("fallback", true);
        let details = Some(why.message.clone()).filter(|message| !message.is_empty());
        self.warning(EntryDraft::clipped(LogType::Info, title, details, metadata))
            .await;
    }

    /// 9: a tool failed; the model is informed and continues.
    pub(super) async fn tool_failed(
        &self,
        entry: Option<EntryId>,
        started: Timestamp,
        error: &str,
        details: String,
    ) {
        let facts = cleared_progress().with("error", short_text(error));
        self.settle(entry, started, Status::Error, None, Some(details), facts)
            .await;
    }

    /// The user did not allow a tool to run; the model is told `reason` and continues.
    pub(super) async fn tool_denied(
        &self,
        entry: Option<EntryId>,
        started: Timestamp,
        reason: &str,
    ) {
        let facts = Metadata::default().with("toolResult", short_text(reason));
        self.settle(entry, started, Status::Warning, None, None, facts)
            .await;
    }

    /// 10: every model failed.
    pub(super) async fn all_models_failed(&self, failed: &[FailedAttempt]) {
        let attempt = |FailedAttempt { name, error, tries }: &FailedAttempt| {
            json!({
                "model": name, "errorClass": error.class.as_str(), "error": error.message,
                "status": error.status, "tries": tries,
            })
        };
        let attempts: Vec<Value> = failed.iter().map(attempt).collect();
        let line = |FailedAttempt { name, error, .. }: &FailedAttempt| {
            format!("{name} {}: {}\n", error.sentence(), error.message)
        };
        let details = failed.iter().map(line).collect::<String>();
        let draft = EntryDraft::clipped(
            LogType::Error,
            "No model could answer",
            Some(details),
            Metadata::default().with("attempts", attempts),
        );
        self.error(draft).await;
    }

    pub(super) async fn working(
        &self,
        draft: EntryDraft,
        parent_id: Option<EntryId>,
    ) -> Option<EntryId> {
        let draft = self.for_turn(EntryDraft { parent_id, ..draft });
        let (store, now, user) = self.context();
        let written = log_working(store, now, user, draft, self.origin()).await;
        self.log_failure(written.map(|entry| entry.id))
    }

    pub(super) async fn success(&self, draft: EntryDraft) {
        let (store, now, user) = self.context();
        let written = log_success(store, now, user, self.for_turn(draft), self.origin()).await;
        self.log_failure(written);
    }

    async fn error(&self, draft: EntryDraft) {
        let (store, now, user) = self.context();
        let written = log_error(store, now, user, self.for_turn(draft), self.origin()).await;
        self.log_failure(written);
    }

    pub(super) async fn info(&self, draft: EntryDraft) {
        let (store, now, user) = self.context();
        let written = log_info(store, now, user, self.for_turn(draft), self.origin()).await;
        self.log_failure(written);
    }

    pub(super) async fn warning(&self, draft: EntryDraft) {
        let status = Status::Warning;
        self.info(EntryDraft { status, ..draft }).await;
    }

    fn for_turn(&self, draft: EntryDraft) -> EntryDraft {
        EntryDraft {
            lease_ms: super::lease::LEASE_MS,
            conversation_id: Some(self.turn.conversation_id),
            ..draft
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    fn context(&self) -> (&Store, Timestamp, UserId) {
        (&self.deps.store, self.now(), self.turn.user_id)
    }

    fn origin(&self) -> Origin {
        Origin {
            turn_id: Some(self.turn.id),
            idempotency: None,
        }
    }

    pub(super) async fn settle(
        &self,
        entry: Option<EntryId>,
        started: Timestamp,
        status: Status,
        title: Option<String>,
        details: Option<String>,
        facts: Metadata,
    ) {
        let patch = EntryPatch {
            status: Some(status),
            title: title.as_deref().map(clip_title),
            details: details.map(|details| Some(clip_details(details))),
            metadata: Some(facts.0),
            duration_ms: Some(self.deps.clock.now().since(started)),
            ..EntryPatch::default()
        };
        self.update(entry, patch, false).await;
    }

    pub(super) async fn update(
        &self,
        entry: Option<EntryId>,
        patch: EntryPatch,
        still_working: bool,
    ) {
        let Some(id) = entry else { return };
        let patch = EntryPatch {
            lease_ms: still_working.then_some(super::lease::LEASE_MS),
            ..patch
        };
        let (store, now, user) = self.context();
        let result = finish_work_log(store, now, user, id, patch).await;
        self.log_failure(result.map(drop));
    }

    /// Counts and logs a failed write, which does not affect the turn.
    fn log_failure<T>(&self, result: Result<T>) -> Option<T> {
        result
            .inspect_err(|error| {
                self.deps.metrics.unwritten_entries.inc();
                tracing::error!(
                    target: log_targets::ASSISTANT_TURN_LOG,
                    turn = %self.turn.id,
                    %error,
                    "an entry could not be written; the turn continues"
                );
            })
            .ok()
    }
}

fn call_metadata(call: &ToolCall) -> Metadata {
    Metadata::default()
        .with("tool", call.name.as_str())
        .with("toolCallId", call.id.as_str())
        .with("arguments", short_arguments(&call.arguments))
}

/// Removes the progress of a finished tool.
fn cleared_progress() -> Metadata {
    Metadata::default()
        .with("progress", Value::Null)
        .with("step", Value::Null)
}

pub(super) fn link_metadata(link: &ModelLink) -> Metadata {
    Metadata::default()
        .with("provider", link.provider)
        .with("model", link.model.as_str())
        .with("modelName", link.title())
}
