//! Asking the models in order until one answers.

use super::{
    Workshop,
    answer::Answer,
    milestones::{Attempt, Milestones},
    model::{ErrorClass, Event, Model, ModelError, ModelLink, Request, ToolCall, Usage},
};
use crate::{
    chat::MessageStatus,
    ids::EntryId,
    server::{error::Result, store::turns::TurnRef},
    timestamp::Timestamp,
};
use futures::StreamExt;

/// A model's whole answer.
pub(super) struct Answered {
    /// Its text; may be empty beside calls.
    pub(super) text: String,
    /// The tools it asks for.
    pub(super) calls: Vec<ToolCall>,
    /// The entry of the asking, where it could be written.
    pub(super) entry: Option<EntryId>,
}

/// What is known of an answer while it comes.
struct Coming<'a> {
    answer: Answer<'a>,
    calls: Vec<ToolCall>,
    usage: Option<Usage>,
    first_at: Option<Timestamp>,
}

/// Asks each model in turn. `None` when every one failed: that is said in the conversation, and the turn is over.
pub(super) async fn ask(
    workshop: &Workshop,
    turn: TurnRef,
    milestones: &mut Milestones<'_>,
    request: &Request,
    tools_used: &[String],
) -> Result<Option<Answered>> {
    let mut failed: Vec<(String, ModelError)> = Vec::new();
    for (at, model) in workshop.chain.iter().enumerate() {
        if let Some((name, error)) = failed.last() {
            milestones.fallback(name, model.link(), error).await;
        }
        let attempt = Attempt { number: at + 1, of: workshop.chain.len(), fallback: at > 0, started: workshop.clock.now() };
        let entry = milestones.asked(model.link(), attempt, request.said.len()).await;
        let mut coming = Coming { answer: Answer::new(workshop, turn), calls: Vec::new(), usage: None, first_at: None };
        let heard = listen(workshop, &**model, &seen(milestones, model.link(), request).await, &mut coming).await?;
        let duration_ms = workshop.clock.now().since(attempt.started);
        match heard {
            Ok(()) => {
                let Coming { answer, calls, usage, first_at } = coming;
                let text = answer.text();
                answer.finish(MessageStatus::Done, duration_ms, usage).await?;
                milestones.answered(entry, model.link(), attempt, (usage, first_at), calls.is_empty(), tools_used).await;
                return Ok(Some(Answered { text, calls, entry }));
            }
            Err(error) => {
                milestones.model_failed(entry, model.link(), attempt, &error).await;
                if coming.answer.has_begun() {
                    coming.answer.finish(MessageStatus::Interrupted, duration_ms, None).await?;
                }
                failed.push((model.link().name.clone(), error));
            }
        }
    }
    milestones.everything_failed(&failed).await;
    if let Some(last) = workshop.chain.last() {
        Answer::new(workshop, turn).fail(&apology(&failed), last.link()).await?;
    }
    Ok(None)
}

/// The request as a model can be given it; the log says what it cannot see.
async fn seen(milestones: &mut Milestones<'_>, link: &ModelLink, request: &Request) -> Request {
    let (request, unseen) = request.seen_by(link);
    milestones.pictures_unseen(link, &unseen).await;
    request
}

fn apology(failed: &[(String, ModelError)]) -> String {
    let each: Vec<String> = failed.iter().map(|(name, error)| format!("{name} {}", error.sentence())).collect();
    format!("I could not get an answer: {}. Nothing you wrote is lost; please try again.", each.join(", "))
}

/// Takes an answer in as it comes. The outer error is Holly's own: without a database there is no answer to write.
async fn listen(
    workshop: &Workshop,
    model: &dyn Model,
    request: &Request,
    coming: &mut Coming<'_>,
) -> Result<std::result::Result<(), ModelError>> {
    let mut events = model.ask(request.clone());
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Text(text)) => {
                coming.first_at.get_or_insert_with(|| workshop.clock.now());
                coming.answer.add(&text, model.link()).await?;
            }
            Ok(Event::Call(call)) => {
                coming.first_at.get_or_insert_with(|| workshop.clock.now());
                coming.calls.push(call);
            }
            Ok(Event::End(usage)) => {
                coming.usage = usage;
                return Ok(Ok(()));
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Err(ModelError { class: ErrorClass::Network, message: "The answer was cut off.".to_owned(), status: None, retry_after_s: None }))
}
