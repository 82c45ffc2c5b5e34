//! Taking one answer in as it comes, with as much patience as the settings have.

use super::{
    Workshop,
    answer::Answer,
    model::{ErrorClass, Event, Model, ModelError, Request, ToolCall, Usage},
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
pub(super) struct Heard {
    /// What it cost, where the provider said so.
    pub(super) usage: Option<Usage>,
    /// When its first word or call came.
    pub(super) first_at: Option<Timestamp>,
    /// Whether the model stopped at its length limit.
    pub(super) cut_short: bool,
}

/// An answer while it comes.
pub(super) struct Coming<'a> {
    pub(super) answer: Answer<'a>,
    /// Without the secrets that a model may have put into their arguments.
    pub(super) calls: Vec<ToolCall>,
    pub(super) heard: Heard,
}

impl<'a> Coming<'a> {
    pub(super) fn new(workshop: &'a Workshop, turn: TurnRef) -> Self {
        Self {
            answer: Answer::new(workshop, turn),
            calls: Vec::new(),
            heard: Heard::default(),
        }
    }
}

/// Takes an answer in. The outer error is Holly's own.
pub(super) async fn listen(
    workshop: &Workshop,
    model: &dyn Model,
    request: &Request,
    coming: &mut Coming<'_>,
) -> Result<std::result::Result<(), ModelError>> {
    let mut events = model.ask(request.clone());
    let mut patience = workshop.patience.first;
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
            Event::Text(text) => {
                coming
                    .heard
                    .first_at
                    .get_or_insert_with(|| workshop.clock.now());
                patience = workshop.patience.between;
                coming.answer.add(text, model.link()).await?;
            }
            Event::Call(mut call) => {
                coming
                    .heard
                    .first_at
                    .get_or_insert_with(|| workshop.clock.now());
                mask_value(&mut call.arguments);
                coming.calls.push(call);
            }
            Event::Thinking => {}
            Event::End { .. } if !coming.answer.has_text() && coming.calls.is_empty() => {
                return Ok(Err(ModelError::plain(
                    ErrorClass::Server,
                    "It answered with nothing.",
                )));
            }
            Event::End { usage, cut_short } => {
                coming.heard = Heard {
                    usage,
                    cut_short,
                    ..coming.heard
                };
                return Ok(Ok(()));
            }
        }
    }
}
