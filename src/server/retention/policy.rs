//! At which age a tier ends. Pure: ages and cut-off times, no clock. A change applies to entries
//! that are there.

use crate::domain::time::{DAY_MS, Timestamp};

/// The longest age a setting may name: a hundred years.
const DAYS_MAX: i64 = 36_500;

/// The ages at which tiers end, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `HOLLY_RETENTION_HOT_DAYS`: from here on a row is packed.
    pub hot_days: i64,
    /// `HOLLY_RETENTION_WARM_DAYS`: from here on an entry lies in the archive.
    pub warm_days: i64,
    /// `HOLLY_RETENTION_COLD_DAYS`: from here on an entry that nobody keeps is gone.
    pub cold_days: i64,
}

/// What was made at or before these times has left the tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOffs {
    /// Not hot any more.
    pub hot: Timestamp,
    /// Not warm any more.
    pub warm: Timestamp,
    /// Expired.
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
    /// Reads the three settings; all problems are reported at once, each with what to do.
    pub fn parse(hot: &str, warm: &str, cold: &str) -> Result<Self, Vec<String>> {
        let named = [
            ("HOLLY_RETENTION_HOT_DAYS", hot),
            ("HOLLY_RETENTION_WARM_DAYS", warm),
            ("HOLLY_RETENTION_COLD_DAYS", cold),
        ];
        let days = named.map(|(_, text)| {
            text.parse()
                .ok()
                .filter(|days| (1..=DAYS_MAX).contains(days))
        });
        let problem = |((name, text), days): (&(&str, &str), &Option<i64>)| {
            days.is_none().then(|| {
                format!(
                    "{name} is {text:?}; it must be a whole number of days from 1 to {DAYS_MAX}"
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
            if let [(sooner_name, sooner), (later_name, later)] = pair
                && sooner >= later
            {
                problems.push(format!(
                    "{later_name} is {later}; it must be more than {sooner_name}, which is {sooner}"
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
    fn ages_must_ascend_and_every_problem_is_named_at_once() {
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
            "hot and cold make no sense whatever lies between"
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
