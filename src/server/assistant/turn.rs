//! One turn from beginning to end: ask, run the tools that were asked for, ask again with their results.

use super::{
    Workshop, attached, chain, lease,
    milestones::Milestones,
    model::{Request, Said},
    tool_calls,
};
use crate::{
    chat::{Message, MessageStatus, Role},
    server::{
        chat::{self, Ending},
        error::Result,
        store::turns::TurnRef,
    },
};
use tokio_util::sync::CancellationToken;

/// Rounds of tools in one turn, at most.
const ROUNDS: usize = 8;
/// Messages of the conversation that a model is given, at most.
const HISTORY: i64 = 60;
const SYSTEM: &str =
    "You are Holly, a helpful assistant. Answer in Markdown. Use the tools when the person asks for a picture, music or a film.";

/// Works on a turn until it ends, and settles whatever it left open.
pub(super) async fn run(workshop: &Workshop, turn: TurnRef, cancel: &CancellationToken) -> Ending {
    let ending = tokio::select! {
        biased;
        () = cancel.cancelled() => Ending::Stopped,
        () = workshop.shutdown.cancelled() => Ending::Interrupted,
        () = lease::keep(workshop, turn) => Ending::Stopped,
        worked = work(workshop, turn, cancel) => match worked {
            Ok(()) => Ending::Finished,
            Err(error) => {
                tracing::error!(turn = %turn.id, %error, "a turn broke off");
                Ending::Interrupted
            }
        },
    };
    settle(workshop, turn, ending).await;
    ending
}

async fn settle(workshop: &Workshop, turn: TurnRef, ending: Ending) {
    let texts = workshop.feed.answers.texts(turn.user_id, turn.conversation_id);
    if let Err(error) = chat::end_turn(&workshop.store, workshop.clock.now(), turn, ending, &texts).await {
        tracing::error!(turn = %turn.id, %error, "a turn could not be settled; its lease will run out");
    }
    for message in texts.keys() {
        workshop.feed.answers.finish(turn.user_id, *message);
    }
}

async fn work(workshop: &Workshop, turn: TurnRef, cancel: &CancellationToken) -> Result<()> {
    let mut request = Request { said: history(workshop, turn).await?, tools: workshop.tools.definitions() };
    let mut milestones = Milestones::new(workshop, turn);
    let mut tools_used: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        if round + 1 == ROUNDS {
            request.tools.clear();
        }
        let Some(answered) = chain::ask(workshop, turn, &mut milestones, &request, &tools_used).await? else { return Ok(()) };
        if answered.calls.is_empty() {
            return Ok(());
        }
        let results = tool_calls::run_all(workshop, turn, &milestones, &answered, cancel).await;
        tools_used.extend(answered.calls.iter().map(|call| call.name.clone()));
        request.said.extend(Some(answered.text).filter(|text| !text.is_empty()).map(Said::Assistant));
        request.said.push(Said::Calls(answered.calls));
        request.said.extend(results);
    }
    Ok(())
}

async fn history(workshop: &Workshop, turn: TurnRef) -> Result<Vec<Said>> {
    let messages = chat::history(&mut workshop.store.read().await?, turn.user_id, turn.conversation_id, HISTORY).await?;
    let pictures = attached::pictures(&messages);
    let mut history = vec![Said::System(SYSTEM.to_owned())];
    for message in messages {
        history.extend(match message.role {
            Role::User => Some(attached::said(workshop, turn.user_id, message, &pictures).await),
            Role::Assistant => said(message),
        });
    }
    Ok(history)
}

fn said(message: Message) -> Option<Said> {
    match message.status {
        MessageStatus::Failed | MessageStatus::Streaming => None,
        _ => Some(message.content).filter(|text| !text.is_empty()).map(Said::Assistant),
    }
}
