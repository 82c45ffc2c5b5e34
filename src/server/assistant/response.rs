//! Reads a model's response as it streams.

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

/// Facts about a response.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResponseStats {
    /// The tokens used, if the provider reported them.
    pub(super) usage: Option<Usage>,
    /// When the first text or call arrived.
    pub(super) first_at: Option<Timestamp>,
    /// Whether the model stopped at its length limit.
    pub(super) cut_short: bool,
}

/// A response that is still streaming.
pub(super) struct PartialResponse<'a> {
    pub(super) answer: AnswerWriter<'a>,
    /// Secrets in their arguments are masked.
    pub(super) calls: Vec<ToolCall>,
    pub(super) stats: ResponseStats,
}

impl<'a> PartialResponse<'a> {
    pub(super) fn new(deps: &'a AssistantDeps, turn: TurnRef) -> Self {
        Self {
            answer: AnswerWriter::new(deps, turn),
            calls: Vec::new(),
            stats: ResponseStats::default(),
        }
    }
}

/// Reads a response to its end. The outer error is Holly's own.
pub(super) async fn read_response(
    deps: &AssistantDeps,
    model: &dyn Model,
    request: &ModelRequest,
    response: &mut PartialResponse<'_>,
) -> Result<std::result::Result<(), ModelError>> {
    let mut events = model.stream(request.clone());
    let mut timeout = deps.timeouts.first;
    loop {
        let event = match tokio::time::timeout(timeout, events.next()).await {
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
                    &format!("No output for {} s.", timeout.as_secs()),
                )));
            }
        };
        match event {
            ModelEvent::Text(text) => {
                response
                    .stats
                    .first_at
                    .get_or_insert_with(|| deps.clock.now());
                timeout = deps.timeouts.between;
                response.answer.add(text, model.link()).await?;
            }
            ModelEvent::Call(mut call) => {
                response
                    .stats
                    .first_at
                    .get_or_insert_with(|| deps.clock.now());
                mask_value(&mut call.arguments);
                response.calls.push(call);
            }
            ModelEvent::Thinking | ModelEvent::Reasoning(_) | ModelEvent::LeftOut(_) => {}
            ModelEvent::End { .. } if !response.answer.has_text() && response.calls.is_empty() => {
                return Ok(Err(ModelError::plain(
                    ErrorClass::Server,
                    "The response was empty.",
                )));
            }
            ModelEvent::End { usage, cut_short } => {
                response.stats = ResponseStats {
                    usage,
                    cut_short,
                    ..response.stats
                };
                return Ok(Ok(()));
            }
        }
    }
}
