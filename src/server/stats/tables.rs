//! The tables and charts of the stats page.

use super::{
    format::{bytes, millis, number, percent, seconds},
    range::{Count, Range},
};
use crate::{
    domain::{ChartBar, StatsTable, time::Timestamp},
    server::{
        retention::{Report, lag::Lag},
        store::{
            durations::{AnswersLine, BucketLine, OUTSIDE, upper_ms},
            stats::TierLine,
        },
    },
};
use std::collections::BTreeMap;

/// Series of the entries chart, from the bottom up.
const SERIES: [&str; 6] = ["answers", "tools", "files", "other", "fallbacks", "errors"];
/// Columns of the entries table: every log type with its heading.
const LOG_TYPES: [(&str, &str); 6] = [
    ("ai_response", "Answers"),
    ("tool_call", "Tools"),
    ("file_operation", "Files"),
    ("deployment", "Deployments"),
    ("error", "Errors"),
    ("info", "Info"),
];

fn table(name: &str, head: &[&str], rows: Vec<Vec<String>>) -> StatsTable {
    StatsTable {
        name: name.to_owned(),
        head: head.iter().map(|&cell| cell.to_owned()).collect(),
        rows,
    }
}

fn series(count: &Count) -> &'static str {
    match (count.status.as_str(), count.log_type.as_str()) {
        ("error", _) | (_, "error") => "errors",
        (_, "ai_response") => "answers",
        (_, "tool_call") => "tools",
        (_, "file_operation") => "files",
        _ => "other",
    }
}

/// Entries by day or hour. In the chart failed entries of any type are errors, and answers of a
/// fallback are a series of their own; the table has every type, the failures and the fallback rate
/// of the answers.
pub(super) fn by_step(
    counts: &[Count],
    answers: &[AnswersLine],
    range: Range,
) -> (Vec<ChartBar>, StatsTable) {
    let (mut bars, mut rows) = (Vec::new(), Vec::new());
    for step in range.first..=range.last {
        let sum = |filter: &dyn Fn(&Count) -> bool| {
            counts
                .iter()
                .filter(|count| count.step == step && filter(count))
                .map(|count| count.entries)
                .sum::<i64>()
        };
        let (settled, fallbacks) = answers
            .iter()
            .find(|line| line.step == step)
            .map_or((0, 0), |line| (line.answers, line.fallbacks));
        let series_sum = |name: &str| sum(&|count| series(count) == name);
        let shown_fallbacks = fallbacks.clamp(0, series_sum("answers").max(0));
        let part = |name: &str| match name {
            "answers" => series_sum(name) - shown_fallbacks,
            "fallbacks" => shown_fallbacks,
            _ => series_sum(name),
        };
        let parts = SERIES
            .iter()
            .map(|name| ((*name).to_owned(), part(name)))
            .collect();
        let (all, failed) = (sum(&|_| true), sum(&|count| count.status == "error"));
        let by_type = LOG_TYPES
            .iter()
            .map(|(log_type, _)| sum(&|count| count.log_type == *log_type));
        let cells = [all]
            .into_iter()
            .chain(by_type)
            .chain([failed])
            .map(|entries| entries.to_string());
        let rates = [percent(failed, all), percent(fallbacks, settled)];
        rows.push(
            std::iter::once(range.label(step))
                .chain(cells)
                .chain(rates)
                .collect(),
        );
        bars.push(ChartBar {
            label: range.short_label(step),
            parts,
        });
    }
    let headings = LOG_TYPES.iter().map(|(_, heading)| *heading);
    let head: Vec<&str> = [range.unit(), "All"]
        .into_iter()
        .chain(headings)
        .chain(["Failed", "Error rate", "Fallback rate"])
        .collect();
    (bars, table("days", &head, rows))
}

/// Tokens by day or hour.
pub(super) fn tokens(counts: &[Count], range: Range) -> (Vec<ChartBar>, StatsTable) {
    let (mut bars, mut rows) = (Vec::new(), Vec::new());
    for step in range.first..=range.last {
        let sum = |tokens: fn(&Count) -> i64| {
            counts
                .iter()
                .filter(|count| count.step == step)
                .map(tokens)
                .sum::<i64>()
        };
        let (input, output) = (
            sum(|count| count.input_tokens),
            sum(|count| count.output_tokens),
        );
        rows.push(vec![
            range.label(step),
            input.to_string(),
            output.to_string(),
        ]);
        bars.push(ChartBar {
            label: range.short_label(step),
            parts: vec![("answers".into(), input), ("tools".into(), output)],
        });
    }
    (
        bars,
        table("tokens", &[range.unit(), "Read", "Written"], rows),
    )
}

/// Number and size of the entries in each tier.
pub(super) fn storage(
    tiers: &[TierLine],
    lags: &[Lag],
    now: Timestamp,
) -> (Vec<(String, i64)>, StatsTable) {
    let (mut parts, mut rows) = (Vec::new(), Vec::new());
    for lag in lags {
        let tier = tiers.iter().find(|line| line.tier == lag.tier.as_str());
        let (entries, plain, stored) = tier.map_or((0, 0, 0), |line| {
            (line.entries, line.bytes, line.stored_bytes)
        });
        let oldest = lag.oldest.map_or_else(
            || "–".to_owned(),
            |oldest| seconds(now.since(oldest) / 1_000),
        );
        let late = if lag.seconds > 0 {
            seconds(lag.seconds)
        } else {
            "–".to_owned()
        };
        rows.push(vec![
            lag.tier.to_string(),
            number(entries),
            bytes(stored),
            percent(stored, plain),
            oldest,
            late,
        ]);
        let series = if lag.tier.as_str() == "archived" {
            "kept".to_owned()
        } else {
            lag.tier.to_string()
        };
        parts.push((series, stored));
    }
    (
        parts,
        table(
            "storage",
            &["Tier", "Entries", "Size", "Packed", "Oldest", "Late"],
            rows,
        ),
    )
}

/// Entries by status.
pub(super) fn statuses(lines: &[Count]) -> StatsTable {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    lines
        .iter()
        .for_each(|line| *sums.entry(&line.status).or_default() += line.entries);
    let all = sums.values().sum();
    let row = |(status, entries): (&str, i64)| {
        vec![status.to_owned(), number(entries), percent(entries, all)]
    };
    let mut sums: Vec<(&str, i64)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, entries)| std::cmp::Reverse(*entries));
    table(
        "statuses",
        &["Status", "Entries", "Share"],
        sums.into_iter().map(row).collect(),
    )
}

/// Durations and tokens of one model or tool, or of all.
#[derive(Debug, Default)]
pub(super) struct Durations {
    buckets: BTreeMap<i64, i64>,
    pub(super) entries: i64,
    failed: i64,
    pub(super) fallbacks: i64,
    tokens: i64,
    /// Sum in milliseconds, and count.
    first_token: (i64, i64),
}

impl Durations {
    fn add(&mut self, line: &BucketLine) {
        *self.buckets.entry(line.bucket).or_default() += line.entries;
        self.entries += line.entries;
        self.failed += line.failed;
        self.fallbacks += line.fallbacks;
        self.tokens += line.tokens;
        self.first_token.0 += line.first_token_ms;
        self.first_token.1 += line.first_tokens;
    }
}

/// Sums the buckets of all the assistant's models.
pub(super) fn answers(lines: &[BucketLine]) -> Durations {
    let mut sum = Durations::default();
    lines
        .iter()
        .filter(|line| line.source == "model" && line.name != OUTSIDE)
        .for_each(|line| sum.add(line));
    sum
}

impl Durations {
    /// The upper bound of the bucket with this percentile, exact to a fifth.
    pub(super) fn quantile(&self, percent: i64) -> String {
        let rank = (self.entries * percent + 99) / 100;
        let mut count = 0;
        for (bucket, entries) in &self.buckets {
            count += entries;
            if count >= rank && rank > 0 {
                return millis(upper_ms(*bucket));
            }
        }
        "–".to_owned()
    }
}

/// One row per model or tool of the assistant, then one for the entries from outside.
pub(super) fn durations_table(lines: &[BucketLine], source: &str) -> StatsTable {
    let mut named: BTreeMap<&str, Durations> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.source == source) {
        named.entry(&line.name).or_default().add(line);
    }
    let outside = named.remove(OUTSIDE).map(|sum| ("other", sum));
    let row = |(name, durations): (&str, Durations)| {
        let mut row = vec![
            name.to_owned(),
            number(durations.entries),
            durations.quantile(50),
            durations.quantile(95),
        ];
        if source == "model" {
            let (sum, count) = durations.first_token;
            row.push(if count > 0 {
                millis(sum / count)
            } else {
                "–".to_owned()
            });
            row.push(number(durations.tokens));
            row.push(percent(durations.fallbacks, durations.entries));
        }
        row.push(percent(durations.failed, durations.entries));
        row
    };
    let rows = named.into_iter().chain(outside).map(row).collect();
    match source {
        "model" => table(
            "models",
            &[
                "Model",
                "Answers",
                "p50",
                "p95",
                "First token",
                "Tokens",
                "As fallback",
                "Failed",
            ],
            rows,
        ),
        _ => table("tools", &["Tool", "Calls", "p50", "p95", "Failed"], rows),
    }
}

/// The latest retention runs.
pub(super) fn runs(reports: &[(Timestamp, Report)]) -> StatsTable {
    let row = |(at, report): &(Timestamp, Report)| {
        let Report {
            moved_to_warm,
            moved_to_cold,
            moved_to_archived,
            deleted,
            ..
        } = report;
        let Report {
            objects_written,
            objects_deleted,
            orphans_deleted,
            failed,
            took_ms,
            ..
        } = report;
        let entries = [moved_to_warm, moved_to_cold, moved_to_archived, deleted];
        let objects = [objects_written, objects_deleted, orphans_deleted, failed];
        let counts = entries
            .into_iter()
            .chain(objects)
            .map(|count| number(*count));
        let duration = took_ms.map_or_else(|| "–".to_owned(), millis);
        std::iter::once(at.date_time())
            .chain(counts)
            .chain([duration])
            .collect()
    };
    let head = [
        "Run",
        "Warm",
        "Cold",
        "Archived",
        "Deleted",
        "Objects put",
        "Objects deleted",
        "Orphans",
        "Failed",
        "Took",
    ];
    table("runs", &head, reports.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, bucket: i64, entries: i64) -> BucketLine {
        BucketLine {
            source: "model".into(),
            name: name.into(),
            bucket,
            entries,
            failed: 0,
            fallbacks: 0,
            tokens: 0,
            first_token_ms: 0,
            first_tokens: 0,
        }
    }

    #[test]
    fn quantiles_come_from_the_buckets_of_the_assistant() {
        let durations = answers(&[line("x", 20, 95), line("y", 40, 5), line(OUTSIDE, 60, 100)]);
        assert_eq!(
            [
                durations.quantile(50),
                durations.quantile(95),
                durations.quantile(96)
            ],
            [
                millis(upper_ms(20)),
                millis(upper_ms(20)),
                millis(upper_ms(40))
            ]
        );
        assert_eq!(Durations::default().quantile(50), "–");
    }

    #[test]
    fn each_line_is_visited_once_for_the_table_of_names() {
        // a pass for each of these names would be 2.5 billion comparisons
        let mut lines: Vec<BucketLine> = (0..160_000)
            .map(|n| line(&format!("model {:05}", n / 10), n % 10, 2))
            .collect();
        lines.push(line(OUTSIDE, 5, 1));
        let table = durations_table(&lines, "model");
        assert_eq!(table.rows.len(), 16_001);
        assert_eq!(table.rows[0][..2], ["model 00000", "20"]);
        assert_eq!(table.rows[16_000][..2], ["other", "1"]);
        assert_eq!(durations_table(&lines, "tool").rows.len(), 0);
    }
}
