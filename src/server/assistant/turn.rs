//! One turn: call a model, run the tools it requests, and call it again with their results.

use super::{
    AssistantDeps,
    chain::Chain,
    history::history,
    lease,
    model::{Model, ModelRequest, PromptMessage},
    result_pictures, tool_calls,
    turn_log::TurnLog,
};
use crate::server::{
    base::error::Result,
    chat::{self, TurnOutcome},
    store::turns::TurnRef,
};
use std::{collections::BTreeSet, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Maximum number of rounds of one turn; the last one offers no tools.
const MAX_ROUNDS: usize = 8;

/// Runs a turn until it ends, and settles its open entries and messages.
pub(super) async fn run(
    deps: &AssistantDeps,
    turn: TurnRef,
    cancel: &CancellationToken,
) -> TurnOutcome {
    let outcome = tokio::select! {
        biased;
        () = cancel.cancelled() => TurnOutcome::Stopped,
        () = deps.shutdown.cancelled() => TurnOutcome::Interrupted,
        () = lease::keep(deps, turn) => TurnOutcome::Stopped,
        result = work(deps, turn, cancel) => match result {
            Ok(()) => TurnOutcome::Finished,
            Err(error) => {
                tracing::error!(turn = %turn.id, %error, "a turn was aborted");
                TurnOutcome::Interrupted
            }
        },
    };
    settle(deps, turn, outcome).await;
    outcome
}

async fn settle(deps: &AssistantDeps, turn: TurnRef, outcome: TurnOutcome) {
    let texts = deps
        .feed
        .answers
        .local_texts(turn.user_id, turn.conversation_id);
    if let Err(error) = chat::end_turn(&deps.store, deps.clock.now(), turn, outcome, &texts).await {
        tracing::error!(turn = %turn.id, %error, "a turn could not be settled; its lease will run out");
    }
    for message in texts.keys() {
        deps.feed.answers.finish(turn.user_id, *message);
    }
}

async fn work(deps: &AssistantDeps, turn: TurnRef, cancel: &CancellationToken) -> Result<()> {
    let (messages, model) = history(deps, turn).await?;
    deps.tools.servers().ready().await;
    let mut request = ModelRequest {
        messages,
        tools: deps.tools_of(turn.user_id).await.definitions(),
    };
    let turn_log = TurnLog::new(deps, turn);
    let mut chain = Chain {
        deps,
        turn,
        turn_log: &turn_log,
        models: preferred_first(&deps.chain, model.as_deref()),
        logged_omitted: 0,
        logged_without_images: BTreeSet::new(),
    };
    let mut tools_used: Vec<String> = Vec::new();
    for round in 0..MAX_ROUNDS {
        if round + 1 == MAX_ROUNDS {
            request.tools.clear();
        }
        if !chain.check_daily_tokens().await? {
            return Ok(());
        }
        let Some(answer) = chain.answer(&request, &tools_used).await? else {
            return Ok(());
        };
        if answer.calls.is_empty() {
            return Ok(());
        }
        let results = tool_calls::run_all(deps, turn, &turn_log, &answer, cancel).await;
        let run = answer.calls.iter().filter(|call| call.refused.is_none());
        tools_used.extend(run.map(|run| run.call.name.clone()));
        request.messages.extend(
            Some(answer.text)
                .filter(|text| !text.is_empty())
                .map(PromptMessage::Assistant),
        );
        let calls = answer.calls.into_iter().map(|received| received.call);
        request.messages.push(PromptMessage::Calls(calls.collect()));
        request.messages.extend(results);
        result_pictures::limit(&mut request.messages);
    }
    Ok(())
}

/// The chain with the preferred model first; an unknown one is ignored.
fn preferred_first(chain: &[Arc<dyn Model>], preferred: Option<&str>) -> Vec<Arc<dyn Model>> {
    let (mut first, rest): (Vec<_>, Vec<_>) = chain
        .iter()
        .cloned()
        .partition(|model| Some(model.link().key().as_str()) == preferred);
    first.extend(rest);
    first
}
