//! Bounds of what a model sends: the text of an answer, and tool calls. Pure.

use super::model::ToolCall;
use crate::server::base::masking::mask_value;
use serde_json::json;

/// Maximum size of an answer in bytes; a longer one is cut short.
pub(super) const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// Maximum number of calls that run for one answer.
const ANSWER_MAX_CALLS: usize = 16;
/// Maximum number of calls that run in one turn.
const TURN_MAX_CALLS: usize = 64;
/// Maximum size of a call in bytes: its name, id and arguments.
const CALL_MAX_BYTES: usize = 64 * 1024;
/// Maximum number of calls of one answer that get a result; others are only counted.
const ANSWERED_MAX_CALLS: usize = 64;
/// Maximum size of the name and of the id of a refused call, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// A tool call of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReceivedCall {
    /// The call; without its arguments if it was too large.
    pub(super) call: ToolCall,
    /// Why it is not run.
    pub(super) refused: Option<String>,
}

/// The tool calls of an answer, within the bounds.
#[derive(Debug, Default)]
pub(super) struct ReceivedCalls {
    calls: Vec<ReceivedCall>,
    /// Calls that ran for earlier answers of the turn.
    ran_before: usize,
    /// Calls of this answer that run.
    accepted: usize,
    /// Calls of this answer that are only counted.
    dropped: usize,
}

impl ReceivedCalls {
    /// No calls yet; `ran_before` ran earlier in the turn.
    pub(super) fn new(ran_before: usize) -> Self {
        Self {
            ran_before,
            ..Self::default()
        }
    }

    /// Adds a call, which is refused if it is beyond a bound. Secrets in its arguments are masked.
    pub(super) fn add(&mut self, mut call: ToolCall) {
        if self.calls.len() >= ANSWERED_MAX_CALLS {
            self.dropped += 1;
            return;
        }
        let refused = self.refusal(&call);
        match &refused {
            None => self.accepted += 1,
            Some(_) => shrink(&mut call),
        }
        mask_value(&mut call.arguments);
        self.calls.push(ReceivedCall { call, refused });
    }

    fn refusal(&self, call: &ToolCall) -> Option<String> {
        let bytes = size(call);
        if bytes > CALL_MAX_BYTES {
            return Some(format!(
                "it has {bytes} bytes; at most {CALL_MAX_BYTES} are allowed in one call"
            ));
        }
        if self.accepted >= ANSWER_MAX_CALLS {
            return Some(format!(
                "at most {ANSWER_MAX_CALLS} calls are run for one answer"
            ));
        }
        (self.ran_before + self.accepted >= TURN_MAX_CALLS)
            .then(|| format!("at most {TURN_MAX_CALLS} calls are run for one message of the user"))
    }

    /// Whether there are no calls.
    pub(super) const fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The calls in their order. The last one's refusal tells how many were only counted.
    pub(super) fn finish(mut self) -> Vec<ReceivedCall> {
        if let (1.., Some(last)) = (self.dropped, self.calls.last_mut()) {
            let why = last.refused.take().unwrap_or_default();
            let more = self.dropped;
            last.refused = Some(format!(
                "{why}; {more} more calls of this answer are left out"
            ));
        }
        self.calls
    }
}

fn size(call: &ToolCall) -> usize {
    let signatures: usize = call.signatures.iter().map(String::len).sum();
    call.id.len() + call.name.len() + call.arguments.to_string().len() + signatures
}

/// Removes what may be large from a refused call.
fn shrink(call: &mut ToolCall) {
    if size(call) > CALL_MAX_BYTES {
        call.arguments = json!({});
        call.signatures.clear();
        for text in [&mut call.id, &mut call.name] {
            text.truncate(text.floor_char_boundary(NAME_MAX_BYTES));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(argument_bytes: usize) -> ToolCall {
        ToolCall {
            id: "1".into(),
            name: "t".into(),
            arguments: json!({ "a": "x".repeat(argument_bytes) }),
            signatures: Vec::new(),
        }
    }

    #[test]
    fn calls_beyond_each_bound_are_refused_with_the_bound() {
        for (name, ran_before, sent, argument_bytes, run, answered, why) in [
            ("a few", 0, 3, 10, 3, 3, None),
            ("as many as allowed", 0, 16, 10, 16, 16, None),
            (
                "too many in one answer",
                0,
                20,
                10,
                16,
                20,
                Some("at most 16 calls"),
            ),
            (
                "more than are answered",
                0,
                100_000,
                10,
                16,
                64,
                Some("99936 more calls"),
            ),
            (
                "too many in the turn",
                60,
                10,
                10,
                4,
                10,
                Some("at most 64 calls"),
            ),
            (
                "the turn has no more",
                64,
                1,
                10,
                0,
                1,
                Some("at most 64 calls"),
            ),
            (
                "large arguments",
                0,
                2,
                64 * 1024,
                0,
                2,
                Some("at most 65536 are allowed"),
            ),
        ] {
            let mut received = ReceivedCalls::new(ran_before);
            (0..sent).for_each(|_| received.add(call(argument_bytes)));
            let calls = received.finish();
            let runs = calls.iter().filter(|call| call.refused.is_none()).count();
            assert_eq!((runs, calls.len()), (run, answered), "{name}");
            let last = calls.last().and_then(|call| call.refused.as_deref());
            assert_eq!(last.is_some(), why.is_some(), "{name}: {last:?}");
            assert!(
                last.unwrap_or_default().contains(why.unwrap_or_default()),
                "{name}: {last:?}"
            );
            let kept: usize = calls.iter().map(|call| size(&call.call)).sum();
            assert!(
                kept <= ANSWERED_MAX_CALLS * CALL_MAX_BYTES,
                "{name}: {kept}"
            );
        }
    }

    #[test]
    fn a_long_name_or_id_makes_a_call_too_large_too() {
        for part in [0, 1, 2] {
            let mut large = call(1);
            let long = "é".repeat(CALL_MAX_BYTES);
            match part {
                0 => large.name = long,
                1 => large.id = long,
                _ => large.signatures = vec![long],
            }
            let mut received = ReceivedCalls::new(0);
            received.add(large);
            let calls = received.finish();
            assert!(
                calls[0].refused.is_some() && size(&calls[0].call) < 1_000,
                "{part}"
            );
        }
    }
}
