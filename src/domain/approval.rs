//! Whether a person lets the assistant do something that writes or sends: how it stands in
//! `metadata.approval`.

use super::vocabulary::vocabulary;
use crate::domain::{
    ids::UserId,
    json::{JsonFields, deserialize_by_read},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::Value;

vocabulary! {
    /// What a person says when they are asked.
    Decision {
        /// Run it this time.
        Once = "once",
        /// Run it, and do not ask again before running this tool.
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

/// How an asking stands. In JSON `{state: "waiting", until}`, `{state: "decided", decision, by,
/// at}` or `{state: "lapsed", at}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum Approval {
    /// The work waits for a word.
    Waiting {
        /// When it stops waiting.
        until: Timestamp,
    },
    /// Somebody said it.
    Decided {
        /// What was said.
        decision: Decision,
        /// Who said it.
        by: UserId,
        /// When; for a tool that is always allowed, when that was said.
        at: Timestamp,
    },
    /// Nobody said anything in time: it was not run.
    Lapsed {
        /// When the waiting ended.
        at: Timestamp,
    },
}

deserialize_by_read!(Approval);

impl Approval {
    /// The asking in a JSON value.
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

    /// As a person reads it among an entry's facts.
    pub fn words(&self) -> String {
        match self {
            Self::Waiting { until } => format!("asked, with time until {}", until.date_time()),
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
            Self::Lapsed { at } => format!("nobody answered until {}", at.date_time()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_wire_shape_names_decision_who_and_when() {
        let at = Timestamp::from_millis(1_795_512_600_000);
        let by = "0190f0c0-7a4e-7cc3-98c4-dc0c0c07398f".parse().unwrap();
        let decided = Approval::Decided {
            decision: Decision::Always,
            by,
            at,
        };
        let json = json!({"state": "decided", "decision": "always", "by": by, "at": "2026-11-24T09:30:00.000Z"});
        assert_eq!(serde_json::to_value(decided).unwrap(), json);
        assert_eq!(serde_json::from_value::<Approval>(json).unwrap(), decided);
        assert!(Decision::Once.allows() && !Decision::Deny.allows());
    }
}
