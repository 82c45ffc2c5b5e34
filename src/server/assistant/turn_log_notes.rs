//! Entries of a turn beside its ten log points: attached files, the model's reasoning, limits, and
//! what was left out or refused.

use super::{
    bounds::ReceivedCall,
    model::{ModelLink, OptionalPart},
    turn_log::{TurnLog, link_metadata},
};
use crate::{
    domain::{
        EntryDraft, EntryPatch, LogType, MediaFile, Metadata, Status, clip_details, ids::EntryId,
        time::Timestamp,
    },
    server::base::error::capitalised,
};

impl TurnLog<'_> {
    /// Files were attached to the message; does nothing without files.
    pub(super) async fn files_attached(&self, files: &[MediaFile]) {
        if files.is_empty() {
            return;
        }
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        let details = files
            .iter()
            .map(|file| format!("{}: {}, {} bytes\n", file.name, file.media_type, file.bytes))
            .collect();
        let bytes: i64 = files.iter().map(|file| file.bytes).sum();
        let metadata = Metadata::default()
            .with("attachments", files.len())
            .with("bytes", bytes);
        let title = format!("Attached: {}", names.join(", "));
        self.success(EntryDraft::clipped(
            LogType::FileOperation,
            &title,
            Some(details),
            metadata,
        ))
        .await;
    }

    /// The message has pictures that this model does not support.
    pub(super) async fn pictures_not_supported(&self, link: &ModelLink, names: &[String]) {
        let title = format!("{} cannot see pictures: {}", link.name, names.join(", "));
        let details = Some(
            "The model is informed that a picture is attached, but does not receive it.".to_owned(),
        );
        self.info(EntryDraft::clipped(
            LogType::Info,
            &title,
            details,
            link_metadata(link),
        ))
        .await;
    }

    /// The last call used up the user's tokens for the day.
    pub(super) async fn daily_tokens_exhausted(&self, why: &str, limit: i64) {
        let details = format!("{} Answers in progress are completed.", capitalised(why));
        let metadata = Metadata::default().with("tokensPerDay", limit);
        let draft = EntryDraft::clipped(
            LogType::Info,
            "The tokens for today are used up",
            Some(details),
            metadata,
        );
        self.warning(draft).await;
    }

    /// The conversation exceeds the model's context window.
    pub(super) async fn messages_omitted(&self, link: &ModelLink, messages: usize) {
        let s = if messages == 1 { "" } else { "s" };
        let title = format!("Left out {messages} older message{s}");
        let details = format!(
            "{} reads at most {} tokens. The oldest messages were not sent.",
            link.title(),
            link.window
        );
        let metadata = link_metadata(link)
            .with("leftOut", messages)
            .with("windowTokens", link.window);
        self.info(EntryDraft::clipped(
            LogType::Info,
            &title,
            Some(details),
            metadata,
        ))
        .await;
    }

    /// The model thinks.
    pub(super) async fn reasoning_started(
        &self,
        link: &ModelLink,
        call: Option<EntryId>,
    ) -> Option<EntryId> {
        let metadata = link_metadata(link).with("reasoning", true);
        let draft = EntryDraft::clipped(LogType::Info, "Thinking", None, metadata);
        self.working(draft, call).await
    }

    /// More of the model's reasoning is known.
    pub(super) async fn reasoning_grew(&self, entry: Option<EntryId>, text: String) {
        let patch = EntryPatch {
            details: Some(Some(clip_details(text))),
            ..EntryPatch::default()
        };
        self.update(entry, patch, true).await;
    }

    /// The model stopped thinking; `complete` unless its response was cut off.
    pub(super) async fn reasoning_ended(
        &self,
        entry: Option<EntryId>,
        started: Timestamp,
        title: String,
        text: String,
        complete: bool,
    ) {
        let (status, facts) = match complete {
            true => (Status::Success, Metadata::default()),
            false => (
                Status::Warning,
                Metadata::default().with("interrupted", true),
            ),
        };
        self.settle(entry, started, status, Some(title), Some(text), facts)
            .await;
    }

    /// The server refused a part of the request and was asked again without it. Logged once a turn
    /// and model.
    pub(super) async fn part_left_out(&self, link: &ModelLink, part: OptionalPart) {
        if !self.mark_left_out(link, part) {
            return;
        }
        let title = format!("{} {}", link.title(), sentence(part));
        let metadata = link_metadata(link).with("leftOut", part.as_str());
        self.info(EntryDraft::clipped(LogType::Info, &title, None, metadata))
            .await;
    }

    /// The model requested tool calls that are beyond a bound. Does nothing without refused calls.
    pub(super) async fn calls_refused(&self, calls: &[ReceivedCall], parent: Option<EntryId>) {
        let line = |received: &ReceivedCall| {
            let why = received.refused.as_ref()?;
            Some(format!("{}: {why}.\n", received.call.name))
        };
        let lines: Vec<String> = calls.iter().filter_map(line).collect();
        if lines.is_empty() {
            return;
        }
        let s = if lines.len() == 1 { "" } else { "s" };
        let title = format!("Refused {} tool call{s}", lines.len());
        let metadata = Metadata::default().with("refused", lines.len());
        let details = Some(lines.concat());
        let draft = EntryDraft::clipped(LogType::Info, &title, details, metadata);
        self.warning(EntryDraft {
            parent_id: parent,
            ..draft
        })
        .await;
    }
}

/// What a model does not support, as a predicate after its name.
const fn sentence(part: OptionalPart) -> &'static str {
    match part {
        OptionalPart::Tools => "does not support tools; asked without them.",
        OptionalPart::Images => "does not support pictures; asked without them.",
        OptionalPart::SystemRole => "does not support the system role; asked without it.",
        OptionalPart::Options => "does not support some options; asked without them.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_that_may_be_left_out_has_its_own_sentence() {
        let mut sentences: Vec<_> = OptionalPart::ALL.iter().copied().map(sentence).collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), OptionalPart::ALL.len());
        assert!(
            sentences
                .iter()
                .all(|sentence| sentence.contains("; asked without "))
        );
    }
}
