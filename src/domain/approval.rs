//! The state of a tool approval, shown in `metadata.approval`.

use super::vocabulary::vocabulary;
use crate::domain::{
    ids::UserId,
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;

vocabulary! {
    /// The user's decision on a tool approval.
    Decision {
        /// Run it this time.
        Once = "once",
        /// Run it, and do not ask again for this tool.
        Always = "always",
        /// Do not run it.
        Deny = "deny",
    }
}

impl Decision {
    /// Whether the tool may run.
    pub const fn allows(self) -> bool {
        !matches!(self, Self::Deny)
    }
}

/// The state of a tool approval. In JSON `{state: "waiting", until}`,
/// `{state: "decided", decision, by, at}` or `{state: "lapsed", at}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Approval {
    /// The tool call waits for a decision.
    Waiting {
        /// When the approval expires.
        until: Timestamp,
    },
    /// A user decided.
    Decided {
        /// The decision.
        decision: Decision,
        /// Who decided.
        by: UserId,
        /// When; for a tool that is always allowed, when that was decided.
        at: Timestamp,
    },
    /// The approval expired without a decision; the tool was not run.
    Lapsed {
        /// When it expired.
        at: Timestamp,
    },
}

deserialize_by_read!(Approval);

impl Approval {
    /// Reads an approval from a JSON value.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = JsonFields::of(value)?;
        match fields.text("state")? {
            "waiting" => Some(Self::Waiting {
                until: fields.time("until")?,
            }),
            "decided" => {
                let decision = Decision::of(fields.text("decision")?)?;
                Some(Self::Decided {
                    decision,
                    by: fields.parsed("by")?,
                    at: fields.time("at")?,
                })
            }
            "lapsed" => Some(Self::Lapsed {
                at: fields.time("at")?,
            }),
            _ => None,
        }
    }

    /// The text shown among an entry's facts.
    pub fn words(&self) -> String {
        match self {
            Self::Waiting { until } => format!("waiting for approval until {}", until.date_time()),
            Self::Decided {
                decision: Decision::Once,
                at,
                ..
            } => format!("allowed once, {}", at.date_time()),
            Self::Decided {
                decision: Decision::Always,
                at,
                ..
            } => format!("always allowed since {}", at.date_time()),
            Self::Decided {
                decision: Decision::Deny,
                at,
                ..
            } => format!("denied, {}", at.date_time()),
            Self::Lapsed { at } => format!("expired without an answer, {}", at.date_time()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_approval_is_serialised_with_decision_user_and_time() {
        let at = Timestamp::from_millis(1_795_512_600_000);
        let by = "0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f".parse().unwrap();
        let decided = Approval::Decided {
            decision: Decision::Always,
            by,
            at,
        };
        let json = json!({
            "state": "decided", "decision": "always", "by": by, "at": "2026-11-24T09:30:00.000Z",
        });
        assert_eq!(serde_json::to_value(decided).unwrap(), json);
        assert_eq!(serde_json::from_value::<Approval>(json).unwrap(), decided);
        assert!(Decision::Once.allows() && !Decision::Deny.allows());
    }
}
