//! The ages at which tiers end, and cut-off times computed from them, without a clock. Changes
//! apply to existing entries.

use crate::domain::time::{DAY_MS, Timestamp};

/// The highest accepted age, a hundred years.
const MAX_DAYS: i64 = 36_500;

/// The ages at which tiers end, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `HOLLY_RETENTION_HOT_DAYS`: rows of this age are packed.
    pub hot_days: i64,
    /// `HOLLY_RETENTION_WARM_DAYS`: entries of this age are archived.
    pub warm_days: i64,
    /// `HOLLY_RETENTION_COLD_DAYS`: entries of this age are deleted unless they are kept or held.
    pub cold_days: i64,
}

/// Entries created at or before these times have left the tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOffs {
    /// End of the hot tier.
    pub hot: Timestamp,
    /// End of the warm tier.
    pub warm: Timestamp,
    /// Entries are expired.
    pub cold: Timestamp,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            hot_days: 7,
            warm_days: 30,
            cold_days: 90,
        }
    }
}

impl Policy {
    /// Parses the three settings; reports all problems at once.
    pub fn parse(hot: &str, warm: &str, cold: &str) -> Result<Self, Vec<String>> {
        let named = [
            ("HOLLY_RETENTION_HOT_DAYS", hot),
            ("HOLLY_RETENTION_WARM_DAYS", warm),
            ("HOLLY_RETENTION_COLD_DAYS", cold),
        ];
        let days = named.map(|(_, text)| {
            text.parse()
                .ok()
                .filter(|days| (1..=MAX_DAYS).contains(days))
        });
        let problem = |((name, text), days): (&(&str, &str), &Option<i64>)| {
            days.is_none().then(|| {
                format!(
                    "{name} is {text:?}; it must be a whole number of days from 1 to {MAX_DAYS}"
                )
            })
        };
        let mut problems: Vec<_> = named.iter().zip(&days).filter_map(problem).collect();
        let readable: Vec<_> = named
            .iter()
            .zip(days)
            .filter_map(|((name, _), days)| Some((name, days?)))
            .collect();
        for pair in readable.windows(2) {
            if let [(shorter_name, shorter), (longer_name, longer)] = pair
                && shorter >= longer
            {
                problems.push(format!(
                    "{longer_name} is {longer}; it must be more than {shorter_name}, which is \
                     {shorter}"
                ));
            }
        }
        match days {
            [Some(hot_days), Some(warm_days), Some(cold_days)] if problems.is_empty() => Ok(Self {
                hot_days,
                warm_days,
                cold_days,
            }),
            _ => Err(problems),
        }
    }

    /// The cut-off times of a run at `now`.
    pub const fn cut_offs(self, now: Timestamp) -> CutOffs {
        CutOffs {
            hot: now.plus(-self.hot_days * DAY_MS),
            warm: now.plus(-self.warm_days * DAY_MS),
            cold: now.plus(-self.cold_days * DAY_MS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_must_ascend_and_all_problems_are_reported_at_once() {
        assert_eq!(Policy::parse("7", "30", "90"), Ok(Policy::default()));
        assert_eq!(
            Policy::parse("0", "x", "99999999999999999999")
                .unwrap_err()
                .len(),
            3
        );
        assert_eq!(Policy::parse("30", "30", "7").unwrap_err().len(), 2);
        assert_eq!(Policy::parse("7", "-1", "90").unwrap_err().len(), 1);
        assert_eq!(
            Policy::parse("90", "x", "30").unwrap_err().len(),
            2,
            "hot and cold contradict each other for any value between them"
        );
    }

    #[test]
    fn a_tier_ends_at_its_age_to_the_millisecond_across_leap_days() {
        let leap_day = Timestamp::from_millis(1_835_395_200_000); // 2028-02-29T00:00:00Z
        let cut_offs = Policy::default().cut_offs(leap_day.plus(90 * DAY_MS));
        assert_eq!(
            (cut_offs.cold, cut_offs.warm),
            (leap_day, leap_day.plus(60 * DAY_MS))
        );
    }
}
