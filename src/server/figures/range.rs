//! Which time the page looks at: so many UTC days, or the last 24 hours in steps of an hour.

use crate::{
    server::{
        error::Result,
        store::{
            Reader,
            stats::{self, StatsLine},
        },
    },
    timestamp::{DAY_MS, Timestamp},
};

const HOUR_MS: i64 = 3_600_000;
const HOURS: i64 = 24;

/// The steps of a chart, counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// How many days were asked for; one is the last 24 hours.
    pub(super) days: i64,
    step_ms: i64,
    /// The first step that is shown.
    pub(super) first: i64,
    /// The last one, in which `now` lies.
    pub(super) last: i64,
}

/// Entries of one step, type and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) step: i64,
    pub(super) log_type: String,
    pub(super) status: String,
    pub(super) entries: i64,
}

impl Range {
    /// The range of the last `days` days at `now`.
    pub(super) const fn of(days: i64, now: Timestamp) -> Self {
        let (step_ms, steps) = if days == 1 { (HOUR_MS, HOURS) } else { (DAY_MS, days) };
        let last = now.millis().div_euclid(step_ms);
        Self { days, step_ms, first: last - steps + 1, last }
    }

    /// What a step is.
    pub(super) const fn unit(self) -> &'static str {
        if self.step_ms == HOUR_MS { "Hour" } else { "Day" }
    }

    /// The UTC day in which the range begins: totals by day reach back to it.
    pub(super) const fn first_day(self) -> i64 {
        (self.first * self.step_ms).div_euclid(DAY_MS)
    }

    /// A step as a person reads it.
    pub(super) fn label(self, step: i64) -> String {
        let format = if self.step_ms == HOUR_MS { "%H:00" } else { "%Y-%m-%d" };
        Timestamp::from_millis(step * self.step_ms).to_chrono().format(format).to_string()
    }

    /// Entries of the range, and those of as long a time before it. Days come from running totals; hours are counted, from the
    /// rows of two days by their index on age.
    pub(super) async fn counts(self, reader: &mut Reader, lines: &[StatsLine]) -> Result<(Vec<Count>, Vec<Count>)> {
        let steps = self.last - self.first + 1;
        let counts = if self.step_ms == HOUR_MS {
            let since = Timestamp::from_millis((self.first - steps) * HOUR_MS);
            let hour =
                |line: stats::HourLine| Count { step: line.hour, log_type: line.log_type, status: line.status, entries: line.entries };
            stats::by_hour(reader, since).await?.into_iter().map(hour).collect()
        } else {
            let day = |line: &StatsLine| Count {
                step: line.day,
                log_type: line.log_type.clone(),
                status: line.status.clone(),
                entries: line.entries,
            };
            lines.iter().map(day).collect::<Vec<_>>()
        };
        Ok(counts.into_iter().partition(|count| count.step >= self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_24_hours_and_more_days_are_utc_days() {
        let now = Timestamp::from_millis(1_795_512_600_000); // 2026-11-24T09:30:00Z
        let day = Range::of(1, now);
        assert_eq!((day.label(day.first), day.label(day.last), day.unit()), ("10:00".into(), "09:00".into(), "Hour"));
        assert_eq!(day.first_day(), now.day() - 1);
        let week = Range::of(7, now);
        assert_eq!((week.label(week.first), week.label(week.last), week.unit()), ("2026-11-18".into(), "2026-11-24".into(), "Day"));
    }
}
