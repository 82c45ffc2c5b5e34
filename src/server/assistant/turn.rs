//! One turn: call a model, run the tools it requests, and call it again with their results.

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

/// Maximum number of rounds of one turn; the last one offers no tools.
const MAX_ROUNDS: usize = 8;
/// Maximum number of messages read for a model; its context window usually holds fewer.
const HISTORY_MAX_MESSAGES: i64 = 400;
const SYSTEM_PROMPT: &str = "You are Holly, a helpful assistant. Answer in Markdown. \
    Use the tools when the user asks for a picture, music or a film.";

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
        tools: deps.tools.definitions(),
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
        tools_used.extend(answer.calls.iter().map(|call| call.name.clone()));
        request.messages.extend(
            Some(answer.text)
                .filter(|text| !text.is_empty())
                .map(PromptMessage::Assistant),
        );
        request.messages.push(PromptMessage::Calls(answer.calls));
        request.messages.extend(results);
    }
    Ok(())
}

/// The messages so far, and the model chosen for the conversation.
async fn history(
    deps: &AssistantDeps,
    turn: TurnRef,
) -> Result<(Vec<PromptMessage>, Option<String>)> {
    let mut reader = deps.store.read().await?;
    let conversation =
        chat::find_conversation(&mut reader, turn.user_id, turn.conversation_id).await?;
    let (user, id) = (turn.user_id, turn.conversation_id);
    let mut messages = chat::history(&mut reader, user, id, HISTORY_MAX_MESSAGES).await?;
    drop(reader);
    messages.retain(|message| message.status != MessageStatus::Superseded);
    let pictures = attachments::recent_pictures(&messages);
    let mut history = vec![PromptMessage::System(SYSTEM_PROMPT.to_owned())];
    for message in messages {
        history.extend(match message.role {
            Role::User => {
                let message = attachments::prompt_message(deps, user, message, &pictures);
                Some(message.await)
            }
            Role::Assistant => assistant_message(message),
        });
    }
    Ok((history, conversation.model))
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

fn assistant_message(message: Message) -> Option<PromptMessage> {
    match message.status {
        MessageStatus::Failed | MessageStatus::Streaming => None,
        _ => Some(message.content)
            .filter(|text| !text.is_empty())
            .map(PromptMessage::Assistant),
    }
}
