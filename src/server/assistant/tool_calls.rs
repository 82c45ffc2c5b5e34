//! Runs the tools requested by a model in parallel, each with its own entry.

use super::{
    AssistantDeps, approval,
    bounds::ReceivedCall,
    chain::ChainAnswer,
    model::{PromptMessage, ToolCall},
    result_pictures::ResultPictures,
    tool::{ProducedFile, Progress, Tool, ToolContext, ToolError, ToolOutput},
    tools::Registry,
    turn_log::TurnLog,
};
use crate::{
    domain::{MediaFile, ids::EntryId, time::Timestamp},
    server::{
        base::{error::Result, masking::mask, new_id, visible::visible},
        limits::check_file_quota,
        store::{files, turns::TurnRef},
    },
};
use futures::future::join_all;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Minimum time between two progress updates.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// A result for the model, and the pictures in it.
struct CallResult {
    text: String,
    pictures: ResultPictures,
}

/// Runs every call that is not refused and returns the results for the model, followed by their
/// pictures.
pub(super) async fn run_all(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    answer: &ChainAnswer,
    cancel: &CancellationToken,
) -> Vec<PromptMessage> {
    turn_log.calls_refused(&answer.calls, answer.entry).await;
    let tools = deps.tools_of(turn.user_id).await;
    let run = |call| run_one(deps, &tools, turn, turn_log, call, answer.entry, cancel);
    let results = join_all(answer.calls.iter().map(run)).await;
    let mut pictures = ResultPictures::default();
    let mut messages: Vec<_> = answer
        .calls
        .iter()
        .zip(results)
        .map(|(received, result)| {
            pictures.append(result.pictures);
            PromptMessage::Result {
                call_id: received.call.id.clone(),
                text: result.text,
            }
        })
        .collect();
    messages.extend(pictures.message());
    messages
}

async fn run_one(
    deps: &AssistantDeps,
    tools: &Registry,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    ReceivedCall { call, refused }: &ReceivedCall,
    parent: Option<EntryId>,
    cancel: &CancellationToken,
) -> CallResult {
    if let Some(why) = refused {
        return CallResult {
            text: format!("This call was refused and not run: {why}."),
            pictures: ResultPictures::default(),
        };
    }
    let tool = tools.find(&call.name);
    let title = tool.as_ref().map_or_else(
        || format!("Unknown tool: {}", call.name),
        |tool| tool.title(&call.arguments),
    );
    let title = visible(&title).into_owned();
    let asks = tool
        .as_deref()
        .filter(|tool| call.arguments.is_object() && tool.needs_approval(&call.arguments));
    let (entry, permission) = match asks {
        Some(tool) => request_approval(deps, turn, turn_log, (tool, call), &title, parent).await,
        None if tool.is_none() => (turn_log.unknown_tool(call, &title, parent).await, Ok(())),
        None => (turn_log.tool_started(call, &title, parent).await, Ok(())),
    };
    let allowed = asks.map(|_| approval::format_arguments(&call.arguments));
    let started = deps.clock.now();
    let result = match (tool, permission) {
        (_, Err(refused)) => Err(refused),
        (Some(_), Ok(())) if !call.arguments.is_object() => Err(ToolError::BadArguments(
            "the arguments are not a JSON object".to_owned(),
        )),
        (Some(tool), Ok(())) => work(deps, turn_log, &*tool, call, entry, cancel).await,
        (None, Ok(())) => Err(ToolError::BadArguments(format!(
            "there is no tool called {}",
            call.name
        ))),
    };
    let pictures = match &result {
        Ok(output) if deps.chain.iter().any(|model| model.link().supports_images) => {
            ResultPictures::of(&output.files)
        }
        _ => ResultPictures::default(),
    };
    CallResult {
        text: finish(deps, turn, turn_log, entry, (started, allowed), result).await,
        pictures,
    }
}

/// The details of a finished tool: what the user allowed, and what came of it.
fn details_beside(allowed: Option<&str>, details: String) -> String {
    match allowed {
        Some(allowed) => format!("{}\n\nResult:\n{details}", allowed.trim_end()),
        None => details,
    }
}

/// Stores the files of a result and settles the entry, in whose details the arguments that were
/// allowed stay. Returns the text for the model.
async fn finish(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    entry: Option<EntryId>,
    (started, allowed): (Timestamp, Option<String>),
    result: std::result::Result<ToolOutput, ToolError>,
) -> String {
    let beside = |details: String| details_beside(allowed.as_deref(), details);
    let stored = match result {
        Ok(output) => store_files(deps, turn, output)
            .await
            .map_err(|error| format!("its files could not be stored: {error}")),
        Err(ToolError::Refused(reason)) => {
            turn_log.tool_denied(entry, started, &reason).await;
            return reason;
        }
        Err(error) => Err(error.to_string()),
    };
    match stored {
        Ok((output, files)) => {
            let details = output.details.map(beside);
            let files = serde_json::json!(files);
            turn_log
                .tool_finished(entry, started, details, &output.text, files)
                .await;
            output.text
        }
        Err(error) => {
            let details = beside(error.clone());
            turn_log.tool_failed(entry, started, &error, details).await;
            format!("The tool failed: {error}")
        }
    }
}

/// Starts the entry of a tool that needs approval, and waits for the decision.
async fn request_approval(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    (tool, call): (&dyn Tool, &ToolCall),
    title: &str,
    parent: Option<EntryId>,
) -> (Option<EntryId>, std::result::Result<(), ToolError>) {
    match approval::question(deps, turn, tool, call).await {
        Ok(question) => {
            let entry = turn_log
                .approval_requested(call, title, parent, question)
                .await;
            (entry, approval::wait(deps, turn, entry, call).await)
        }
        Err(error) => (turn_log.tool_started(call, title, parent).await, Err(error)),
    }
}

/// Runs the tool and writes its progress to the entry.
async fn work(
    deps: &AssistantDeps,
    turn_log: &TurnLog<'_>,
    tool: &dyn Tool,
    call: &ToolCall,
    entry: Option<EntryId>,
    cancel: &CancellationToken,
) -> std::result::Result<ToolOutput, ToolError> {
    let (progress, mut seen) = watch::channel(Progress::default());
    let context = ToolContext {
        progress,
        cancel: cancel.clone(),
        delay_factor: deps.delay_factor,
        tasks: deps.tasks.clone(),
    };
    let report = async {
        while seen.changed().await.is_ok() {
            let progress = seen.borrow_and_update().clone();
            if progress.percent < Some(100) {
                turn_log.tool_progress(entry, progress).await;
                tokio::time::sleep(PROGRESS_INTERVAL).await;
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        result = tool.run(call.arguments.clone(), context) => result,
        never = report => never,
    }
}

/// Writes the files of a result, then their rows.
async fn store_files(
    deps: &AssistantDeps,
    turn: TurnRef,
    mut output: ToolOutput,
) -> Result<(ToolOutput, Vec<MediaFile>)> {
    let now = deps.clock.now();
    let bytes = output
        .files
        .iter()
        .map(|file| i64::try_from(file.bytes.len()).unwrap_or(i64::MAX))
        .sum();
    check_file_quota(
        &mut *deps.store.connection().await?,
        "it",
        deps.limits.bounds.file_bytes,
        turn.user_id,
        bytes,
    )
    .await?;
    let mut stored = Vec::new();
    let mut records = Vec::new();
    for ProducedFile {
        bytes,
        media_type,
        name,
        description,
    } in std::mem::take(&mut output.files)
    {
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let id = new_id::file(now);
        deps.files.write(turn.user_id, id, bytes).await?;
        let media_type = media_type.to_owned();
        let name = mask(&name).0;
        records.push(files::FileRecord {
            id,
            conversation_id: turn.conversation_id,
            media_type: media_type.clone(),
            name: name.clone(),
            bytes: size,
        });
        stored.push(MediaFile {
            id,
            media_type,
            name,
            description,
            bytes: size,
        });
    }
    let mut tx = deps.store.begin().await?;
    for record in &records {
        files::insert(&mut tx, now, turn.user_id, record).await?;
    }
    tx.commit().await?;
    Ok((output, stored))
}
