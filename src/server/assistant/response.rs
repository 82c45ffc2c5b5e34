//! Taking one answer in as it comes, with as much patience as the settings have.

use super::{
    AssistantDeps,
    answer::AnswerWriter,
    model::{ErrorClass, Model, ModelError, ModelEvent, ModelRequest, ToolCall, Usage},
};
use crate::{
    domain::time::Timestamp,
    server::{
        base::{error::Result, masking::mask_value},
        store::turns::TurnRef,
    },
};
use futures::StreamExt;

/// What is known of an answer beside its words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResponseStats {
    /// What it cost, where the provider said so.
    pub(super) usage: Option<Usage>,
    /// When its first word or call came.
    pub(super) first_at: Option<Timestamp>,
    /// Whether the model stopped at its length limit.
    pub(super) cut_short: bool,
}

/// An answer while it comes.
pub(super) struct PartialResponse<'a> {
    pub(super) answer: AnswerWriter<'a>,
    /// Without the secrets that a model may have put into their arguments.
    pub(super) calls: Vec<ToolCall>,
    pub(super) heard: ResponseStats,
}

impl<'a> PartialResponse<'a> {
    pub(super) fn new(deps: &'a AssistantDeps, turn: TurnRef) -> Self {
        Self {
            answer: AnswerWriter::new(deps, turn),
            calls: Vec::new(),
            heard: ResponseStats::default(),
        }
    }
}

/// Takes an answer in. The outer error is Holly's own.
pub(super) async fn listen(
    deps: &AssistantDeps,
    model: &dyn Model,
    request: &ModelRequest,
    coming: &mut PartialResponse<'_>,
) -> Result<std::result::Result<(), ModelError>> {
    let mut events = model.ask(request.clone());
    let mut patience = deps.patience.first;
    loop {
        let event = match tokio::time::timeout(patience, events.next()).await {
            Ok(Some(Ok(event))) => event,
            Ok(Some(Err(error))) => return Ok(Err(error)),
            Ok(None) => {
                return Ok(Err(ModelError::plain(
                    ErrorClass::Network,
                    "The answer was cut off.",
                )));
            }
            Err(_) => {
                return Ok(Err(ModelError::plain(
                    ErrorClass::Timeout,
                    &format!("Nothing came for {} s.", patience.as_secs()),
                )));
            }
        };
        match event {
            ModelEvent::Text(text) => {
                coming
                    .heard
                    .first_at
                    .get_or_insert_with(|| deps.clock.now());
                patience = deps.patience.between;
                coming.answer.add(text, model.link()).await?;
            }
            ModelEvent::Call(mut call) => {
                coming
                    .heard
                    .first_at
                    .get_or_insert_with(|| deps.clock.now());
                mask_value(&mut call.arguments);
                coming.calls.push(call);
            }
            ModelEvent::Thinking => {}
            ModelEvent::End { .. } if !coming.answer.has_text() && coming.calls.is_empty() => {
                return Ok(Err(ModelError::plain(
                    ErrorClass::Server,
                    "It answered with nothing.",
                )));
            }
            ModelEvent::End { usage, cut_short } => {
                coming.heard = ResponseStats {
                    usage,
                    cut_short,
                    ..coming.heard
                };
                return Ok(Ok(()));
            }
        }
    }
}
