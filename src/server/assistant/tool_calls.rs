//! Running the tools that a model asked for, side by side, each with its own entry.

use super::{
    AssistantDeps, approval,
    chain::ChainAnswer,
    model::{PromptMessage, ToolCall},
    tool::{ProducedFile, Progress, Tool, ToolContext, ToolError, ToolOutput},
    turn_log::TurnLog,
};
use crate::{
    domain::{MediaFile, ids::EntryId, time::Timestamp},
    server::{
        base::{error::Result, new_id},
        limits::check_room,
        store::{files, turns::TurnRef},
    },
};
use futures::future::join_all;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often progress is written.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Runs every call and returns what the model is told of each.
pub(super) async fn run_all(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    answered: &ChainAnswer,
    cancel: &CancellationToken,
) -> Vec<PromptMessage> {
    let run = |call| run_one(deps, turn, turn_log, call, answered.entry, cancel);
    join_all(answered.calls.iter().map(run)).await
}

async fn run_one(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    call: &ToolCall,
    asked_by: Option<EntryId>,
    cancel: &CancellationToken,
) -> PromptMessage {
    let tool = deps.tools.find(&call.name);
    let title = tool.as_ref().map_or_else(
        || format!("Unknown tool: {}", call.name),
        |tool| tool.title(&call.arguments),
    );
    let (entry, allowed) = match tool
        .as_ref()
        .is_some_and(|tool| call.arguments.is_object() && tool.asks_first(&call.arguments))
    {
        true => permitted(deps, turn, turn_log, call, &title, asked_by).await,
        false => (turn_log.tool_started(call, &title, asked_by).await, Ok(())),
    };
    let started = deps.clock.now();
    let made = match (tool, allowed) {
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
    PromptMessage::Result {
        call_id: call.id.clone(),
        text: conclude(deps, turn, turn_log, entry, started, made).await,
    }
}

/// Keeps what a tool made and moves its entry on. Gives what the model is told.
async fn conclude(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    entry: Option<EntryId>,
    started: Timestamp,
    made: std::result::Result<ToolOutput, ToolError>,
) -> String {
    let kept = match made {
        Ok(output) => keep(deps, turn, output)
            .await
            .map_err(|error| format!("what it made could not be kept: {error}")),
        Err(ToolError::Refused(why)) => {
            turn_log.tool_not_run(entry, started).await;
            return why;
        }
        Err(error) => Err(error.to_string()),
    };
    match kept {
        Ok((output, files)) => {
            turn_log
                .tool_done(entry, started, output.details, serde_json::json!(files))
                .await;
            output.text
        }
        Err(error) => {
            turn_log.tool_failed(entry, started, &error).await;
            format!("The tool failed: {error}")
        }
    }
}

/// Begins the entry of a tool that asks first, and waits for the person's word.
async fn permitted(
    deps: &AssistantDeps,
    turn: TurnRef,
    turn_log: &TurnLog<'_>,
    call: &ToolCall,
    title: &str,
    asked_by: Option<EntryId>,
) -> (Option<EntryId>, std::result::Result<(), ToolError>) {
    match approval::beforehand(deps, turn, call).await {
        Ok(how) => {
            let entry = turn_log.tool_asks(call, title, asked_by, how).await;
            (entry, approval::wait(deps, turn, entry, call).await)
        }
        Err(refused) => (
            turn_log.tool_started(call, title, asked_by).await,
            Err(refused),
        ),
    }
}

/// Runs the tool and writes its progress while it works.
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
        pace: deps.pace,
        tasks: deps.tasks.clone(),
    };
    let report = async {
        while seen.changed().await.is_ok() {
            let progress = seen.borrow_and_update().clone();
            if progress.percent < Some(100) {
                turn_log.tool_progress(entry, progress).await;
                tokio::time::sleep(PROGRESS_EVERY).await;
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        made = tool.run(call.arguments.clone(), context) => made,
        never = report => never,
    }
}

/// Stores what was made, then says in the database that it is there.
async fn keep(
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
    check_room(
        &mut *deps.store.connection().await?,
        "it",
        deps.limits.bounds.file_bytes,
        turn.user_id,
        bytes,
    )
    .await?;
    let mut kept = Vec::new();
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
        records.push(files::FileRecord {
            id,
            conversation_id: turn.conversation_id,
            media_type: media_type.clone(),
            name: name.clone(),
            bytes: size,
        });
        kept.push(MediaFile {
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
    Ok((output, kept))
}
