//! The time range of the stats page: a number of UTC days, or the last 24 hours by hour.

use crate::{
    domain::time::{DAY_MS, HOUR_MS, Timestamp},
    server::{
        base::error::Result,
        store::{
            Reader,
            durations::{self, AnswersLine, BucketLine},
            hours,
            stats::{self, StatsLine},
        },
    },
};

const HOURS_PER_DAY: i64 = 24;

/// The steps of a chart (days or hours), counted from the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The requested number of days; 1 is the last 24 hours.
    pub(super) days: i64,
    step_ms: i64,
    /// The first step shown.
    pub(super) first: i64,
    /// The last step, which contains `now`.
    pub(super) last: i64,
}

/// Entries of one step, type and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) step: i64,
    pub(super) log_type: String,
    pub(super) status: String,
    pub(super) entries: i64,
    pub(super) input_tokens: i64,
    pub(super) output_tokens: i64,
}

/// The totals of a range.
#[derive(Debug)]
pub(super) struct RangeTotals {
    /// Entries in the range.
    pub(super) counts: Vec<Count>,
    /// Entries in the preceding range of the same length.
    pub(super) before: Vec<Count>,
    /// Settled answers in the range.
    pub(super) answers: Vec<AnswersLine>,
    /// Durations of models and tools in the range.
    pub(super) buckets: Vec<BucketLine>,
}

impl Range {
    /// The range of the last `days` days at `now`.
    pub(super) const fn new(days: i64, now: Timestamp) -> Self {
        let (step_ms, steps) = if days == 1 {
            (HOUR_MS, HOURS_PER_DAY)
        } else {
            (DAY_MS, days)
        };
        let last = now.millis().div_euclid(step_ms);
        Self {
            days,
            step_ms,
            first: last - steps + 1,
            last,
        }
    }

    /// The name of a step.
    pub(super) const fn unit(self) -> &'static str {
        if self.step_ms == HOUR_MS {
            "Hour"
        } else {
            "Day"
        }
    }

    /// The label of a step in tables.
    pub(super) fn label(self, step: i64) -> String {
        self.format(step, "%H:00", "%Y-%m-%d")
    }

    /// The label of a step in charts.
    pub(super) fn short_label(self, step: i64) -> String {
        self.format(step, "%H:00 UTC", "%-d %b")
    }

    fn format(self, step: i64, hour: &str, day: &str) -> String {
        let format = if self.step_ms == HOUR_MS { hour } else { day };
        Timestamp::from_millis(step * self.step_ms)
            .to_chrono()
            .format(format)
            .to_string()
    }

    /// Reads the totals of the range, by hour or by day.
    pub(super) async fn read(self, reader: &mut Reader) -> Result<RangeTotals> {
        let since = self.first - (self.last - self.first + 1);
        let (lines, answers, buckets) = if self.step_ms == HOUR_MS {
            let lines: Vec<Count> = hours::since(reader, since)
                .await?
                .into_iter()
                .map(Count::from)
                .collect();
            (
                lines,
                hours::answers(reader, self.first).await?,
                hours::durations(reader, self.first).await?,
            )
        } else {
            let lines = stats::since(reader, since)
                .await?
                .into_iter()
                .map(Count::from)
                .collect();
            (
                lines,
                durations::answers(reader, self.first).await?,
                durations::since(reader, self.first).await?,
            )
        };
        let (counts, before) = lines
            .into_iter()
            .partition(|count| count.step >= self.first);
        Ok(RangeTotals {
            counts,
            before,
            answers,
            buckets,
        })
    }
}

impl From<StatsLine> for Count {
    fn from(line: StatsLine) -> Self {
        let StatsLine {
            day,
            log_type,
            status,
            entries,
            input_tokens,
            output_tokens,
            ..
        } = line;
        Self {
            step: day,
            log_type,
            status,
            entries,
            input_tokens,
            output_tokens,
        }
    }
}

impl From<hours::HourLine> for Count {
    fn from(line: hours::HourLine) -> Self {
        let hours::HourLine {
            hour,
            log_type,
            status,
            entries,
            input_tokens,
            output_tokens,
        } = line;
        Self {
            step: hour,
            log_type,
            status,
            entries,
            input_tokens,
            output_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_24_hours_and_more_days_are_utc_days() {
        let now = Timestamp::from_millis(1_795_512_600_000); // 2026-11-24T09:30:00Z
        let day = Range::new(1, now);
        assert_eq!(
            (day.label(day.first), day.label(day.last), day.unit()),
            ("10:00".into(), "09:00".into(), "Hour")
        );
        let week = Range::new(7, now);
        assert_eq!(
            (week.label(week.first), week.label(week.last), week.unit()),
            ("2026-11-18".into(), "2026-11-24".into(), "Day")
        );
        assert_eq!(
            (day.short_label(day.first), week.short_label(week.first)),
            ("10:00 UTC".into(), "18 Nov".into())
        );
    }
}
