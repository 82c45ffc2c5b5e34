//! Waits for the user's approval before a tool writes or sends. The approval is a row that any tab,
//! API client or process decides (`server::work_log::decide`); the turn polls it, and runs the
//! tool only if the row is about exactly this call.

use super::{
    AssistantDeps,
    lease::RENEW_INTERVAL,
    model::ToolCall,
    tool::{Tool, ToolError},
    tool_identity::{bound_call, tool_identity},
};
use crate::{
    domain::{Approval, Decision, Status, ids::EntryId, time::Timestamp},
    server::{
        base::{
            error::{Error, Result},
            visible::visible,
        },
        store::{
            Subscription,
            approvals::{self, BoundCall, ToolApproval},
            tool_grants::{self, ToolIdentity},
            turns::TurnRef,
            work_logs,
        },
        work_log::{decide, expire_approval},
    },
};
use serde_json::Value;

/// How long an approval is pending, in milliseconds.
const APPROVAL_TIMEOUT_MS: i64 = 600_000;
/// Maximum size of the arguments in bytes. They are always shown in full, because a user cannot
/// approve what they cannot read.
const ARGUMENTS_MAX_BYTES: usize = 32 * 1024;

/// Formats arguments for the user. Text after a line break is indented, so that no value can look
/// like another argument.
pub(super) fn format_arguments(arguments: &Value) -> String {
    let lines = arguments.as_object().map(|arguments| {
        arguments
            .iter()
            .map(|(name, value)| {
                let line = format!("{name}: {}", format_value(value));
                visible(&line).replace('\n', "\n    ") + "\n"
            })
            .collect::<String>()
    });
    lines
        .filter(|lines| !lines.is_empty())
        .unwrap_or_else(|| "Without arguments.".to_owned())
}

fn format_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => format!("{value:#}"),
        other => other.to_string(),
    }
}

/// A question before it is asked.
pub(super) struct Question {
    /// What may run.
    pub(super) call: BoundCall,
    /// When it expires.
    pub(super) until: Timestamp,
    /// Always allowed, or waiting.
    pub(super) state: Approval,
}

/// The question about a call: always allowed, or waiting. If the standing approvals cannot
/// be read, the user is asked. Errors: `BadArguments` if the arguments are too long to be shown.
pub(super) async fn question(
    deps: &AssistantDeps,
    turn: TurnRef,
    tool: &dyn Tool,
    call: &ToolCall,
) -> std::result::Result<Question, ToolError> {
    let bytes = format_arguments(&call.arguments).len();
    if bytes > ARGUMENTS_MAX_BYTES {
        let why = format!(
            "the user must allow this, and {bytes} bytes of arguments are too long to read; \
             the maximum is {ARGUMENTS_MAX_BYTES}"
        );
        return Err(ToolError::BadArguments(why));
    }
    let until = deps.clock.now().plus(APPROVAL_TIMEOUT_MS);
    let state = match granted_since(deps, turn, &tool_identity(tool)).await {
        Ok(Some(at)) => Approval::Decided {
            decision: Decision::Always,
            by: turn.user_id,
            at,
        },
        Ok(None) => Approval::Waiting { until },
        Err(error) => {
            tracing::warn!(
                turn = %turn.id,
                tool = call.name,
                %error,
                "standing approvals could not be read; asking the user"
            );
            Approval::Waiting { until }
        }
    };
    Ok(Question {
        call: bound_call(tool, call),
        until,
        state,
    })
}

async fn granted_since(
    deps: &AssistantDeps,
    turn: TurnRef,
    tool: &ToolIdentity,
) -> Result<Option<Timestamp>> {
    Ok(tool_grants::since(&mut *deps.store.read().await?, turn.user_id, tool).await?)
}

/// Waits for the decision on this call. Errors: `Refused` with a sentence for the model,
/// `Cancelled` if the entry was deleted or settled.
pub(super) async fn wait(
    deps: &AssistantDeps,
    turn: TurnRef,
    entry: Option<EntryId>,
    call: &ToolCall,
) -> std::result::Result<(), ToolError> {
    let Some(entry) = entry else {
        return Err(ToolError::Refused(
            "The user could not be asked, so this was not run.".to_owned(),
        ));
    };
    let mut wakes = deps.store.wakeups().subscribe(turn.user_id);
    loop {
        let seen = wakes.borrow_and_update().rev;
        match poll(deps, turn, entry).await {
            Ok(Some(ToolApproval {
                state: Approval::Waiting { .. },
                ..
            })) => {}
            Ok(approval) => return permission(deps, turn, call, approval),
            Err(error) => {
                tracing::warn!(
                    turn = %turn.id, %error, "an approval could not be read; trying again"
                )
            }
        }
        wait_for_change(&mut wakes, seen).await;
    }
}

/// Returns when the user has rows newer than `seen`, or after an interval in case another process
/// has written some.
async fn wait_for_change(wakes: &mut Subscription, seen: i64) {
    tokio::select! {
        _ = wakes.wait_for(|wake| wake.rev != seen) => {}
        () = tokio::time::sleep(RENEW_INTERVAL) => {}
    }
}

/// Reads the approval. Expires it if its deadline has passed, and decides it if the tool was
/// allowed permanently meanwhile. `None` if the entry is deleted or settled.
async fn poll(deps: &AssistantDeps, turn: TurnRef, id: EntryId) -> Result<Option<ToolApproval>> {
    let (store, now, user) = (&deps.store, deps.clock.now(), turn.user_id);
    let mut reader = store.read().await?;
    let entry = work_logs::find(&mut reader, user, id).await?;
    if entry.is_none_or(|entry| entry.status != Status::Working) {
        return Ok(None);
    }
    let found = approvals::find(&mut reader, user, id).await?;
    drop(reader);
    let Some(approval) = found else {
        return Ok(None);
    };
    if !matches!(approval.state, Approval::Waiting { .. }) {
        return Ok(Some(approval));
    }
    if now >= approval.until {
        return expire_approval(store, now, user, id).await;
    }
    if granted_since(deps, turn, &approval.call.tool)
        .await?
        .is_some()
    {
        let conversation = Some(turn.conversation_id);
        match decide(store, now, user, conversation, id, Decision::Always).await {
            Ok(_) | Err(Error::Conflict(_) | Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        return Ok(approvals::find(&mut *store.read().await?, user, id).await?);
    }
    Ok(Some(approval))
}

/// Whether this call may run: the row allows it, and is about this call of the tool as it is
/// offered now.
fn permission(
    deps: &AssistantDeps,
    turn: TurnRef,
    call: &ToolCall,
    approval: Option<ToolApproval>,
) -> std::result::Result<(), ToolError> {
    let refused = |reason: &str| Err(ToolError::Refused(reason.to_owned()));
    let Some(approval) = approval else {
        return Err(ToolError::Cancelled);
    };
    match approval.state {
        Approval::Decided { decision, .. } if decision.allows() => {
            let tool = deps.tools.find(&call.name);
            let now = tool.map(|tool| bound_call(&*tool, call));
            if approval.turn == turn && now.as_ref() == Some(&approval.call) {
                return Ok(());
            }
            refused(
                "The tool changed or went since the user was asked, so this was not run. \
                 Call it again, and the user is asked again.",
            )
        }
        Approval::Decided { .. } => refused(
            "The user did not allow this, so it was not run. \
             Do not try it again unless they ask for it.",
        ),
        Approval::Lapsed { .. } => refused("The user did not answer in time, so this was not run."),
        Approval::Waiting { .. } => Err(ToolError::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_are_formatted_line_by_line() {
        let arguments = json!({ "body": "two\nlines", "copies": 2, "to": ["ada@example.org"] });
        assert_eq!(
            format_arguments(&arguments),
            "body: two\n    lines\ncopies: 2\nto: [\n      \"ada@example.org\"\n    ]\n"
        );
        assert_eq!(format_arguments(&json!({})), "Without arguments.");
        let hidden = json!({ "t\u{ad}o": "ada\u{200b}\r\nbob", "of": ["\u{e0041}"] });
        assert_eq!(
            format_arguments(&hidden),
            "t[U+00AD]o: ada[U+200B][U+000D]\n    bob\nof: [\n      \"[U+E0041]\"\n    ]\n"
        );
    }
}
