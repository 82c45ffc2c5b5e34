//! Asking the person before a tool writes or sends. The question and its answer are the tool's
//! entry: any tab, a program or another process answers there (`server::work_log::decide`), and
//! whoever waits here looks there.

use super::{AssistantDeps, lease::RENEW_EVERY, model::ToolCall, tool::ToolError};
use crate::{
    domain::{Approval, Decision, Status, ids::EntryId, time::Timestamp},
    server::{
        base::error::{Error, Result},
        store::{Subscription, tool_grants, turns::TurnRef, work_logs},
        work_log::{decide, expire_approval},
    },
};
use serde_json::Value;

/// How long an answer is waited for, in milliseconds.
const PATIENCE_MS: i64 = 600_000;
/// Longest arguments that are shown whole, in bytes: nobody is asked to allow what they cannot
/// read.
const ARGUMENTS_MAX_BYTES: usize = 32 * 1024;

/// Arguments as a person reads them. What follows a line break is indented, so that no value can
/// pose as another argument.
pub(super) fn readable(arguments: &Value) -> String {
    let lines = arguments.as_object().map(|named| {
        named
            .iter()
            .map(|(name, value)| {
                format!(
                    "{}\n",
                    format!("{name}: {}", shown(value)).replace('\n', "\n    ")
                )
            })
            .collect::<String>()
    });
    lines
        .filter(|lines| !lines.is_empty())
        .unwrap_or_else(|| "Without arguments.".to_owned())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => format!("{value:#}"),
        other => other.to_string(),
    }
}

/// How the asking begins: allowed for good before, or waiting. Where the grants cannot be read, the
/// person is asked. Errors: `BadArguments` for what is too long to be shown.
pub(super) async fn beforehand(
    deps: &AssistantDeps,
    turn: TurnRef,
    call: &ToolCall,
) -> std::result::Result<Approval, ToolError> {
    let bytes = readable(&call.arguments).len();
    if bytes > ARGUMENTS_MAX_BYTES {
        let why = format!(
            "the person must allow this, and {bytes} bytes of arguments are too long to read; at most {ARGUMENTS_MAX_BYTES}"
        );
        return Err(ToolError::BadArguments(why));
    }
    match granted(deps, turn, &call.name).await {
        Ok(Some(at)) => Ok(Approval::Decided {
            decision: Decision::Always,
            by: turn.user_id,
            at,
        }),
        Ok(None) => Ok(waiting(deps)),
        Err(error) => {
            tracing::warn!(turn = %turn.id, tool = call.name, %error, "what is always allowed could not be read; the person is asked");
            Ok(waiting(deps))
        }
    }
}

fn waiting(deps: &AssistantDeps) -> Approval {
    Approval::Waiting {
        until: deps.clock.now().plus(PATIENCE_MS),
    }
}

async fn granted(deps: &AssistantDeps, turn: TurnRef, tool: &str) -> Result<Option<Timestamp>> {
    Ok(tool_grants::since(&mut *deps.store.read().await?, turn.user_id, tool).await?)
}

/// Waits for the person's word. Errors: `Refused` with what the model is told, `Cancelled` when the
/// entry is gone or was settled.
pub(super) async fn wait(
    deps: &AssistantDeps,
    turn: TurnRef,
    entry: Option<EntryId>,
    call: &ToolCall,
) -> std::result::Result<(), ToolError> {
    let Some(entry) = entry else {
        return Err(ToolError::Refused(
            "The person could not be asked, so this was not run.".to_owned(),
        ));
    };
    let mut wakes = deps.store.wakeups().subscribe(turn.user_id);
    loop {
        let seen = wakes.borrow_and_update().rev;
        match look(deps, turn, entry, &call.name).await {
            Ok(Some(Approval::Waiting { .. })) => {}
            Ok(how) => return permission(how),
            Err(error) => {
                tracing::warn!(turn = %turn.id, %error, "whether a tool may run could not be read; it is tried again")
            }
        }
        woken(&mut wakes, seen).await;
    }
}

/// Returns when the person has newer rows than `seen`, or when another process may have written
/// some.
async fn woken(wakes: &mut Subscription, seen: i64) {
    tokio::select! {
        _ = wakes.wait_for(|wake| wake.rev != seen) => {}
        () = tokio::time::sleep(RENEW_EVERY) => {}
    }
}

/// How the asking stands: a limit that has passed and a grant that was given meanwhile are carried
/// out here.
async fn look(
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
        Some(until) if granted(deps, turn, tool).await?.is_some() => {
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

fn permission(how: Option<Approval>) -> std::result::Result<(), ToolError> {
    let refused = |why: &str| Err(ToolError::Refused(why.to_owned()));
    match how {
        Some(Approval::Decided { decision, .. }) if decision.allows() => Ok(()),
        Some(Approval::Decided { .. }) => refused(
            "The person did not allow this, so it was not run. Do not try it again unless they ask for it.",
        ),
        Some(Approval::Lapsed { .. }) => {
            refused("The person did not answer in time, so this was not run.")
        }
        Some(Approval::Waiting { .. }) | None => Err(ToolError::Cancelled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_are_read_line_by_line() {
        let arguments = json!({ "body": "two\nlines", "copies": 2, "to": ["ada@example.org"] });
        assert_eq!(
            readable(&arguments),
            "body: two\n    lines\ncopies: 2\nto: [\n      \"ada@example.org\"\n    ]\n"
        );
        assert_eq!(readable(&json!({})), "Without arguments.");
    }
}
