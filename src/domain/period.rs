//! Groups conversations and days under headings.

use super::Conversation;
use crate::domain::time::{DAY_MS, Timestamp};

/// How long ago a conversation was last used, in UTC days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// The same day.
    Today,
    /// The day before.
    Yesterday,
    /// Within seven days.
    LastSevenDays,
    /// Within thirty days.
    LastThirtyDays,
    /// Before that.
    Older,
}

impl Period {
    /// The period of `then`, seen from `now`.
    pub fn new(then: Timestamp, now: Timestamp) -> Self {
        match now.day() - then.day() {
            ..=0 => Self::Today,
            1 => Self::Yesterday,
            2..=7 => Self::LastSevenDays,
            8..=30 => Self::LastThirtyDays,
            _ => Self::Older,
        }
    }

    /// The heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Yesterday => "Yesterday",
            Self::LastSevenDays => "Last 7 days",
            Self::LastThirtyDays => "Last 30 days",
            Self::Older => "Older",
        }
    }
}

/// The heading of the UTC day of `then`: Today, Yesterday, else the date.
pub fn day_heading(then: Timestamp, now: Timestamp) -> String {
    let midnight = Timestamp::from_millis(then.day() * DAY_MS);
    match Period::new(midnight, now) {
        near @ (Period::Today | Period::Yesterday) => near.heading().to_owned(),
        _ => midnight.date(),
    }
}

/// Groups conversations by period, newest first; empty periods are left out.
pub fn group_by_period(
    mut conversations: Vec<Conversation>,
    now: Timestamp,
) -> Vec<(Period, Vec<Conversation>)> {
    conversations.sort_unstable_by_key(|conversation| {
        std::cmp::Reverse((conversation.updated_at, conversation.id))
    });
    let mut groups: Vec<(Period, Vec<Conversation>)> = Vec::new();
    for conversation in conversations {
        let period = Period::new(conversation.updated_at, now);
        match groups.last_mut() {
            Some((last, group)) if *last == period => group.push(conversation),
            _ => groups.push((period, vec![conversation])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConversationId;

    #[test]
    fn conversations_are_grouped_by_period_newest_first() {
        let now = Timestamp::from_millis(1_795_512_600_000);
        let conversation = |n: u128, days: i64| Conversation {
            id: ConversationId::from_uuid(uuid::Uuid::from_u128(n)),
            title: n.to_string(),
            created_at: now,
            updated_at: now.plus(-days * DAY_MS),
            running_turn_id: None,
            model: None,
            kept: false,
            rev: 1,
        };
        let groups = group_by_period(
            vec![
                conversation(1, 40),
                conversation(2, 0),
                conversation(3, 1),
                conversation(4, 7),
                conversation(5, 30),
                conversation(6, 8),
            ],
            now,
        );
        let seen: Vec<_> = groups
            .iter()
            .map(|(period, group)| {
                (
                    period.heading(),
                    group.iter().map(|c| c.title.as_str()).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("Today", vec!["2"]),
                ("Yesterday", vec!["3"]),
                ("Last 7 days", vec!["4"]),
                ("Last 30 days", vec!["6", "5"]),
                ("Older", vec!["1"])
            ]
        );
    }
}
