//! Reads a model's response as it streams.

use super::{
    AssistantDeps,
    answer::AnswerWriter,
    bounds::{ANSWER_MAX_BYTES, ReceivedCalls},
    model::{ErrorClass, Model, ModelError, ModelEvent, ModelRequest, ToolCall, Usage},
    reasoning::ReasoningWriter,
    retry_policy::ModelTimeouts,
    turn_log::{ResponseStats, TurnLog},
};
use crate::{
    domain::ids::EntryId,
    server::{base::error::Result, store::turns::TurnRef},
};
use futures::StreamExt;
use std::time::Duration;
use tokio::time::Instant;

/// A response that is still streaming.
pub(super) struct PartialResponse<'a> {
    deps: &'a AssistantDeps,
    turn_log: &'a TurnLog<'a>,
    model: &'a dyn Model,
    pub(super) answer: AnswerWriter<'a>,
    pub(super) reasoning: ReasoningWriter<'a>,
    pub(super) calls: ReceivedCalls,
    pub(super) stats: ResponseStats,
    text_bytes: usize,
}

impl<'a> PartialResponse<'a> {
    /// A response to the call of `model` that has the entry `call`, in a turn in which
    /// `calls_before` tools ran.
    pub(super) fn new(
        deps: &'a AssistantDeps,
        turn: TurnRef,
        turn_log: &'a TurnLog<'a>,
        model: &'a dyn Model,
        call: Option<EntryId>,
        calls_before: usize,
    ) -> Self {
        Self {
            deps,
            turn_log,
            model,
            answer: AnswerWriter::new(deps, turn),
            reasoning: ReasoningWriter::new(turn_log, model.link(), call),
            calls: ReceivedCalls::new(calls_before),
            stats: ResponseStats::default(),
            text_bytes: 0,
        }
    }

    fn began(&mut self) {
        let now = || self.deps.clock.now();
        self.stats.first_at.get_or_insert_with(now);
    }

    /// Adds text up to the bound. Returns whether it is reached.
    async fn add_text(&mut self, mut text: String) -> Result<bool> {
        if !text.trim().is_empty() {
            self.reasoning.pause().await;
        }
        self.began();
        let room = ANSWER_MAX_BYTES - self.text_bytes;
        let is_over = text.len() > room;
        text.truncate(text.floor_char_boundary(room));
        self.text_bytes += text.len();
        self.answer.add(text, self.model.link()).await?;
        Ok(is_over)
    }

    async fn add_call(&mut self, call: ToolCall) {
        self.reasoning.pause().await;
        self.began();
        self.calls.add(call);
    }

    /// The model ended its answer, or the answer reached Holly's bound.
    fn end(
        &mut self,
        usage: Option<Usage>,
        cut_short: bool,
    ) -> std::result::Result<(), ModelError> {
        self.stats.usage = usage;
        self.stats.cut_short = cut_short;
        if self.answer.has_text() || !self.calls.is_empty() {
            return Ok(());
        }
        Err(match (self.reasoning.bytes(), cut_short) {
            (0, _) => ModelError::plain(ErrorClass::Server, "The response was empty."),
            (_, false) => ModelError::plain(
                ErrorClass::NoAnswer,
                "The model thought but gave no answer.",
            ),
            (_, true) => ModelError::plain(
                ErrorClass::NoAnswer,
                "The model thought up to its length limit and gave no answer.",
            ),
        })
    }
}

/// Reads a response to its end. Every event proves that the model is at work, but not for longer
/// than the total timeout. The outer error is Holly's own.
pub(super) async fn read_response(
    request: &ModelRequest,
    response: &mut PartialResponse<'_>,
) -> Result<std::result::Result<(), ModelError>> {
    let mut events = response.model.stream(request.clone());
    let mut deadlines = ResponseDeadlines::new(response.deps.timeouts);
    loop {
        let event = match deadlines.within(events.next()).await {
            Ok(Some(Ok(event))) => event,
            Ok(Some(Err(error))) | Err(error) => return Ok(Err(error)),
            Ok(None) => {
                return Ok(Err(ModelError::plain(
                    ErrorClass::Network,
                    "The answer was cut off.",
                )));
            }
        };
        match event {
            ModelEvent::Text(text) => {
                deadlines.answer_began();
                if response.add_text(text).await? {
                    return Ok(response.end(None, true));
                }
            }
            ModelEvent::Call(call) => response.add_call(call).await,
            ModelEvent::Thinking => {}
            ModelEvent::Reasoning(text) => response.reasoning.add(text).await,
            ModelEvent::LeftOut(part) => {
                let link = response.model.link();
                response.turn_log.part_left_out(link, part).await;
            }
            ModelEvent::End { usage, cut_short } => return Ok(response.end(usage, cut_short)),
        }
    }
}

/// When a model that sends nothing, or no end, is given up.
struct ResponseDeadlines {
    timeouts: ModelTimeouts,
    /// Until the next event.
    silence: Duration,
    end: Instant,
}

impl ResponseDeadlines {
    fn new(timeouts: ModelTimeouts) -> Self {
        Self {
            silence: timeouts.first,
            end: Instant::now() + timeouts.total,
            timeouts,
        }
    }

    fn answer_began(&mut self) {
        self.silence = self.timeouts.between;
    }

    /// Waits for the next event. Errors: `Timeout`.
    async fn within<T>(
        &self,
        event: impl Future<Output = T>,
    ) -> std::result::Result<T, ModelError> {
        let timeout = |message: String| ModelError::plain(ErrorClass::Timeout, &message);
        let left = self.end.saturating_duration_since(Instant::now());
        let too_long = || {
            let seconds = self.timeouts.total.as_secs();
            timeout(format!("The answer was not complete after {seconds} s."))
        };
        if left.is_zero() {
            return Err(too_long());
        }
        let waited = tokio::time::timeout(self.silence.min(left), event).await;
        waited.map_err(|_| match self.silence <= left {
            true => timeout(format!("No output for {} s.", self.silence.as_secs())),
            false => too_long(),
        })
    }
}
