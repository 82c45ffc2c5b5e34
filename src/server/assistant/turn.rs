//! One turn from beginning to end: ask, run the tools that were asked for, ask again with their
//! results.

use super::{
    AssistantDeps, attachments,
    chain::Chain,
    lease,
    model::{Model, ModelRequest, PromptMessage},
    tool_calls,
    turn_log::TurnLog,
};
use crate::{
    domain::{Message, MessageStatus, Role},
    server::{
        base::error::Result,
        chat::{self, TurnOutcome},
        store::turns::TurnRef,
    },
};
use std::{collections::BTreeSet, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Rounds of tools in one turn, at most.
const ROUNDS: usize = 8;
/// Messages of the conversation that are read for a model, at most; its window holds fewer as a
/// rule.
const HISTORY: i64 = 400;
const SYSTEM: &str = "You are Holly, a helpful assistant. Answer in Markdown. Use the tools when the person asks for a picture, music or a film.";

/// Works on a turn until it ends, and settles whatever it left open.
pub(super) async fn run(
    deps: &AssistantDeps,
    turn: TurnRef,
    cancel: &CancellationToken,
) -> TurnOutcome {
    let ending = tokio::select! {
        biased;
        () = cancel.cancelled() => TurnOutcome::Stopped,
        () = deps.shutdown.cancelled() => TurnOutcome::Interrupted,
        () = lease::keep(deps, turn) => TurnOutcome::Stopped,
        worked = work(deps, turn, cancel) => match worked {
            Ok(()) => TurnOutcome::Finished,
            Err(error) => {
                tracing::error!(turn = %turn.id, %error, "a turn broke off");
                TurnOutcome::Interrupted
            }
        },
    };
    settle(deps, turn, ending).await;
    ending
}

async fn settle(deps: &AssistantDeps, turn: TurnRef, ending: TurnOutcome) {
    let texts = deps.feed.answers.texts(turn.user_id, turn.conversation_id);
    if let Err(error) = chat::end_turn(&deps.store, deps.clock.now(), turn, ending, &texts).await {
        tracing::error!(turn = %turn.id, %error, "a turn could not be settled; its lease will run out");
    }
    for message in texts.keys() {
        deps.feed.answers.finish(turn.user_id, *message);
    }
}

async fn work(deps: &AssistantDeps, turn: TurnRef, cancel: &CancellationToken) -> Result<()> {
    let (said, chosen) = history(deps, turn).await?;
    deps.tools.servers().ready().await;
    let mut request = ModelRequest {
        said,
        tools: deps.tools.definitions(),
    };
    let turn_log = TurnLog::new(deps, turn);
    let mut chain = Chain {
        deps,
        turn,
        turn_log: &turn_log,
        models: in_order(&deps.chain, chosen.as_deref()),
        told_left_out: 0,
        blind: BTreeSet::new(),
    };
    let mut tools_used: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        if round + 1 == ROUNDS {
            request.tools.clear();
        }
        if !chain.may_go_on().await? {
            return Ok(());
        }
        let Some(answered) = chain.ask(&request, &tools_used).await? else {
            return Ok(());
        };
        if answered.calls.is_empty() {
            return Ok(());
        }
        let results = tool_calls::run_all(deps, turn, &turn_log, &answered, cancel).await;
        tools_used.extend(answered.calls.iter().map(|call| call.name.clone()));
        request.said.extend(
            Some(answered.text)
                .filter(|text| !text.is_empty())
                .map(PromptMessage::Assistant),
        );
        request.said.push(PromptMessage::Calls(answered.calls));
        request.said.extend(results);
    }
    Ok(())
}

/// What was said so far, and the model that the person chose.
async fn history(
    deps: &AssistantDeps,
    turn: TurnRef,
) -> Result<(Vec<PromptMessage>, Option<String>)> {
    let mut reader = deps.store.read().await?;
    let conversation =
        chat::find_conversation(&mut reader, turn.user_id, turn.conversation_id).await?;
    let mut messages =
        chat::history(&mut reader, turn.user_id, turn.conversation_id, HISTORY).await?;
    drop(reader);
    messages.retain(|message| message.status != MessageStatus::Superseded);
    let pictures = attachments::pictures(&messages);
    let mut history = vec![PromptMessage::System(SYSTEM.to_owned())];
    for message in messages {
        history.extend(match message.role {
            Role::User => Some(attachments::said(deps, turn.user_id, message, &pictures).await),
            Role::Assistant => said(message),
        });
    }
    Ok((history, conversation.model))
}

/// The chain with the chosen model first; one that is not there any more is passed over.
fn in_order(chain: &[Arc<dyn Model>], chosen: Option<&str>) -> Vec<Arc<dyn Model>> {
    let (mut first, rest): (Vec<_>, Vec<_>) = chain
        .iter()
        .cloned()
        .partition(|model| Some(model.link().key().as_str()) == chosen);
    first.extend(rest);
    first
}

fn said(message: Message) -> Option<PromptMessage> {
    match message.status {
        MessageStatus::Failed | MessageStatus::Streaming => None,
        _ => Some(message.content)
            .filter(|text| !text.is_empty())
            .map(PromptMessage::Assistant),
    }
}
