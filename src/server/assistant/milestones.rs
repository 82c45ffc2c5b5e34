//! The ten log points of a turn. Whether an entry can be written never decides whether the work goes on: a failure is
//! counted and said in the server's log.

use super::{
    Workshop,
    model::{ModelError, ModelLink, ToolCall, Usage},
};
use crate::{
    ids::EntryId,
    server::{
        error::Result,
        store::turns::TurnRef,
        work_log::{Origin, create_work_log, finish_work_log},
    },
    timestamp::Timestamp,
    work_log::{Approval, EntryDraft, EntryPatch, LogType, MediaFile, Metadata, Status, clip_details, clip_title},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Writes a turn's entries.
pub(super) struct Milestones<'a> {
    workshop: &'a Workshop,
    turn: TurnRef,
    /// The models of which it was said that they cannot see this turn's pictures.
    blind: BTreeSet<String>,
}

/// One asking of one model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    /// Its place in the chain, from 1.
    pub(super) number: usize,
    /// How many the chain has.
    pub(super) of: usize,
    /// Whether another model failed before.
    pub(super) fallback: bool,
    /// When it was asked.
    pub(super) started: Timestamp,
}

impl<'a> Milestones<'a> {
    pub(super) const fn new(workshop: &'a Workshop, turn: TurnRef) -> Self {
        Self { workshop, turn, blind: BTreeSet::new() }
    }

    /// Files came with the message; nothing where there are none.
    pub(super) async fn attached(&self, files: &[MediaFile]) {
        if files.is_empty() {
            return;
        }
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        let details = files.iter().map(|file| format!("{}: {}, {} bytes\n", file.name, file.media_type, file.bytes)).collect();
        let bytes: i64 = files.iter().map(|file| file.bytes).sum();
        let metadata = Metadata::default().with("attachments", files.len()).with("bytes", bytes);
        let title = format!("Attached: {}", names.join(", "));
        self.write(EntryDraft::clipped(LogType::FileOperation, &title, Some(details), metadata), Status::Success, None).await;
    }

    /// Pictures came with the message that this model cannot see; said once a turn and model.
    pub(super) async fn pictures_unseen(&mut self, link: &ModelLink, names: &[String]) {
        if names.is_empty() || !self.blind.insert(link.name.clone()) {
            return;
        }
        let title = format!("{} cannot see pictures: {}", link.name, names.join(", "));
        let details = Some("The model is told that a picture was attached, not what it shows.".to_owned());
        self.write(EntryDraft::clipped(LogType::Info, &title, details, of_link(link)), Status::Info, None).await;
    }

    /// 1: a model is asked.
    pub(super) async fn asked(&self, link: &ModelLink, attempt: Attempt, messages: usize) -> Option<EntryId> {
        let metadata = of_link(link).with("messages", messages).with("attempt", format!("{} of {}", attempt.number, attempt.of));
        self.write(EntryDraft::clipped(LogType::AiResponse, &format!("{} is thinking", link.name), None, metadata), Status::Working, None)
            .await
    }

    /// 2, 5 and 8: it answered, in text or by asking for tools; after tools, after a failure of another one.
    pub(super) async fn answered(
        &self,
        entry: Option<EntryId>,
        link: &ModelLink,
        attempt: Attempt,
        (usage, first_at): (Option<Usage>, Option<Timestamp>),
        is_last: bool,
        tools_used: &[String],
    ) {
        let mut facts = Metadata::default();
        if let Some(usage) = usage {
            facts = facts.with("inputTokens", usage.input_tokens).with("outputTokens", usage.output_tokens);
            facts = if usage.estimated { facts.with("tokensEstimated", true) } else { facts };
        }
        if let Some(first_at) = first_at {
            facts = facts.with("timeToFirstTokenMs", first_at.since(attempt.started));
        }
        facts = if attempt.fallback { facts.with("fallback", true) } else { facts };
        facts = if is_last && !tools_used.is_empty() { facts.with("toolsUsed", tools_used.to_vec()) } else { facts };
        let what = if is_last { "answered" } else { "planned the answer" };
        self.settle(entry, attempt.started, Status::Success, Some(format!("{} {what}", link.name)), None, facts).await;
    }

    /// 3: a tool starts.
    pub(super) async fn tool_started(&self, call: &ToolCall, title: &str, asked_by: Option<EntryId>) -> Option<EntryId> {
        self.write(EntryDraft::clipped(LogType::ToolCall, title, None, of_call(call)), Status::Working, asked_by).await
    }

    /// 3, for a tool that writes or sends: it waits for the person's word, with its arguments in sight, or was allowed for
    /// good before.
    pub(super) async fn tool_asks(&self, call: &ToolCall, title: &str, asked_by: Option<EntryId>, approval: Approval) -> Option<EntryId> {
        let metadata = of_call(call).with("approval", json!(approval));
        let details = Some(super::approval::readable(&call.arguments));
        self.write(EntryDraft::clipped(LogType::ToolCall, title, details, metadata), Status::Working, asked_by).await
    }

    /// How far a tool has come, 0 to 100.
    pub(super) async fn tool_progress(&self, entry: Option<EntryId>, percent: u8) {
        let patch = EntryPatch { metadata: Some(Metadata::default().with("progress", percent).0), ..EntryPatch::default() };
        self.change(entry, patch, true).await;
    }

    /// 4: the tool is done.
    pub(super) async fn tool_done(&self, entry: Option<EntryId>, started: Timestamp, details: Option<String>, files: Value) {
        let facts = Metadata::default().with("progress", Value::Null).with("files", files);
        self.settle(entry, started, Status::Success, None, details, facts).await;
    }

    /// 6: a model failed.
    pub(super) async fn model_failed(&self, entry: Option<EntryId>, link: &ModelLink, attempt: Attempt, error: &ModelError) {
        let mut facts = Metadata::default().with("errorClass", error.class.as_str()).with("error", error.message.as_str());
        if let Some(seconds) = error.retry_after_s {
            facts = facts.with("retryAfter", format!("{seconds} s"));
        }
        let title = format!("{} {}", link.name, error.sentence());
        self.settle(entry, attempt.started, Status::Error, Some(title), None, facts).await;
    }

    /// 7: the fallback is tried.
    pub(super) async fn fallback(&self, from: &str, to: &ModelLink, why: &ModelError) {
        let metadata =
            of_link(to).with("from", from).with("to", to.name.as_str()).with("errorClass", why.class.as_str()).with("fallback", true);
        let details = Some(format!("{from} {}. Trying {} instead.", why.sentence(), to.name));
        self.write(EntryDraft::clipped(LogType::Info, &format!("Trying {} instead", to.name), details, metadata), Status::Warning, None)
            .await;
    }

    /// 9: a tool failed; the model is told and goes on.
    pub(super) async fn tool_failed(&self, entry: Option<EntryId>, started: Timestamp, error: &str) {
        let facts = Metadata::default().with("progress", Value::Null).with("error", error);
        self.settle(entry, started, Status::Error, None, Some(error.to_owned()), facts).await;
    }

    /// The person did not let a tool run; the model is told and goes on.
    pub(super) async fn tool_not_run(&self, entry: Option<EntryId>, started: Timestamp) {
        self.settle(entry, started, Status::Warning, None, None, Metadata::default()).await;
    }

    /// 10: every model failed.
    pub(super) async fn everything_failed(&self, failed: &[(String, ModelError)]) {
        let attempts: Vec<Value> = failed
            .iter()
            .map(|(model, error)| json!({ "model": model, "errorClass": error.class.as_str(), "error": error.message, "status": error.status }))
            .collect();
        let details = failed.iter().map(|(model, error)| format!("{model} {}: {}\n", error.sentence(), error.message)).collect::<String>();
        let draft =
            EntryDraft::clipped(LogType::Error, "No model could answer", Some(details), Metadata::default().with("attempts", attempts));
        self.write(draft, Status::Error, None).await;
    }

    async fn write(&self, draft: EntryDraft, status: Status, parent_id: Option<EntryId>) -> Option<EntryId> {
        let lease_ms = super::lease::LEASE_MS;
        let draft = EntryDraft { status, parent_id, lease_ms, conversation_id: Some(self.turn.conversation_id), ..draft };
        let origin = Origin { turn_id: Some(self.turn.id), idempotency: None };
        let written = create_work_log(&self.workshop.store, self.workshop.clock.now(), self.turn.user_id, draft, origin).await;
        self.noted(written.map(|entry| entry.id))
    }

    async fn settle(
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
            duration_ms: Some(self.workshop.clock.now().since(started)),
            ..EntryPatch::default()
        };
        self.change(entry, patch, false).await;
    }

    async fn change(&self, entry: Option<EntryId>, patch: EntryPatch, goes_on: bool) {
        let Some(id) = entry else { return };
        let patch = EntryPatch { lease_ms: goes_on.then_some(super::lease::LEASE_MS), ..patch };
        let changed = finish_work_log(&self.workshop.store, self.workshop.clock.now(), self.turn.user_id, id, patch).await;
        self.noted(changed.map(drop));
    }

    /// The log never breaks the work it describes.
    fn noted<T>(&self, written: Result<T>) -> Option<T> {
        written
            .inspect_err(|error| {
                self.workshop.metrics.unwritten_entries.inc();
                tracing::error!(turn = %self.turn.id, %error, "an entry could not be written; the turn goes on");
            })
            .ok()
    }
}

fn of_call(call: &ToolCall) -> Metadata {
    let arguments: String = call.arguments.to_string().chars().take(1_000).collect();
    Metadata::default().with("tool", call.name.as_str()).with("toolCallId", call.id.as_str()).with("arguments", arguments)
}

fn of_link(link: &ModelLink) -> Metadata {
    Metadata::default().with("provider", link.provider).with("model", link.model.as_str()).with("modelName", link.name.as_str())
}
