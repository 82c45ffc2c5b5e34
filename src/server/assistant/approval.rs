//! Waits for the user's approval before a tool writes or sends. The approval is stored in the
//! tool's entry, where any tab, API client or process decides (`server::work_log::decide`); the
//! turn polls the entry.

use super::{AssistantDeps, lease::RENEW_INTERVAL, model::ToolCall, tool::ToolError};
use crate::{
    domain::{Approval, Decision, Status, ids::EntryId, time::Timestamp},
    server::{
        base::error::{Error, Result},
        store::{Subscription, tool_grants, turns::TurnRef, work_logs},
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
                line.replace('\n', "\n    ") + "\n"
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

/// The initial state of the approval: always allowed, or waiting. If the standing approvals cannot
/// be read, the user is asked. Errors: `BadArguments` if the arguments are too long to be shown.
pub(super) async fn initial_approval(
    deps: &AssistantDeps,
    turn: TurnRef,
    call: &ToolCall,
) -> std::result::Result<Approval, ToolError> {
    let bytes = format_arguments(&call.arguments).len();
    if bytes > ARGUMENTS_MAX_BYTES {
        let why = format!(
            "the user must allow this, and {bytes} bytes of arguments are too long to read; \
             the maximum is {ARGUMENTS_MAX_BYTES}"
        );
        return Err(ToolError::BadArguments(why));
    }
    match granted_since(deps, turn, &call.name).await {
        Ok(Some(at)) => Ok(Approval::Decided {
            decision: Decision::Always,
            by: turn.user_id,
            at,
        }),
        Ok(None) => Ok(waiting(deps)),
        Err(error) => {
            tracing::warn!(
                turn = %turn.id,
                tool = call.name,
                %error,
                "standing approvals could not be read; asking the user"
            );
            Ok(waiting(deps))
        }
    }
}

fn waiting(deps: &AssistantDeps) -> Approval {
    Approval::Waiting {
        until: deps.clock.now().plus(APPROVAL_TIMEOUT_MS),
    }
}

async fn granted_since(
    deps: &AssistantDeps,
    turn: TurnRef,
    tool: &str,
) -> Result<Option<Timestamp>> {
    Ok(tool_grants::since(&mut *deps.store.read().await?, turn.user_id, tool).await?)
}

/// Waits for the decision. Errors: `Refused` with a sentence for the model, `Cancelled` if the
/// entry was deleted or settled.
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
        match poll(deps, turn, entry, &call.name).await {
            Ok(Some(Approval::Waiting { .. })) => {}
            Ok(approval) => return permission(approval),
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
/// allowed permanently meanwhile.
async fn poll(
    deps: &AssistantDeps,
    turn: TurnRef,
    id: EntryId,
    tool: &str,
) -> Result<Option<Approval>> {
    let (store, now, user) = (&deps.store, deps.clock.now(), turn.user_id);
    let entry = work_logs::find(&mut *store.read().await?, user, id).await?;
    let Some(entry) = entry.filter(|entry| entry.status == Status::Working) else {
        return Ok(None);
    };
    match entry.waits_until() {
        None => Ok(entry.metadata.approval()),
        Some(until) if now >= until => expire_approval(store, now, user, id).await,
        Some(until) if granted_since(deps, turn, tool).await?.is_some() => {
            match decide(
                store,
                now,
                user,
                Some(turn.conversation_id),
                id,
                Decision::Always,
            )
            .await
            {
                Ok(entry) => Ok(entry.metadata.approval()),
                Err(Error::Conflict(_) | Error::NotFound(_)) => {
                    Ok(Some(Approval::Waiting { until }))
                }
                Err(error) => Err(error),
            }
        }
        Some(until) => Ok(Some(Approval::Waiting { until })),
    }
}

fn permission(approval: Option<Approval>) -> std::result::Result<(), ToolError> {
    let refused = |reason: &str| Err(ToolError::Refused(reason.to_owned()));
    match approval {
        Some(Approval::Decided { decision, .. }) if decision.allows() => Ok(()),
        Some(Approval::Decided { .. }) => refused(
            "The user did not allow this, so it was not run. \
             Do not try it again unless they ask for it.",
        ),
        Some(Approval::Lapsed { .. }) => {
            refused("The user did not answer in time, so this was not run.")
        }
        Some(Approval::Waiting { .. }) | None => Err(ToolError::Cancelled),
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
    }
}
