//! The tables of the stats page and the charts that stand before them.

use super::{
    format::{bytes, millis, number, percent, seconds},
    range::{Count, Range},
};
use crate::{
    domain::{ChartBar, StatsTable, time::Timestamp},
    server::{
        retention::{Report, lag::Lag},
        store::{
            durations::{AnswersLine, BucketLine, upper_ms},
            stats::TierLine,
        },
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Series of the chart of entries, from the bottom up.
const SERIES: [&str; 6] = ["answers", "tools", "files", "other", "fallbacks", "errors"];
/// Columns of the table behind it: every type, with its word.
const KINDS: [(&str, &str); 6] = [
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

/// Entries by day or hour. The chart shows failed ones as errors, whatever their kind, and answers
/// of a fallback apart from the other answers; the table has every type, how many failed, and which
/// part of the answers came from a fallback.
pub(super) fn by_step(
    counts: &[Count],
    answers: &[AnswersLine],
    range: Range,
) -> (Vec<ChartBar>, StatsTable) {
    let (mut bars, mut rows) = (Vec::new(), Vec::new());
    for step in range.first..=range.last {
        let sum = |wanted: &dyn Fn(&Count) -> bool| {
            counts
                .iter()
                .filter(|count| count.step == step && wanted(count))
                .map(|count| count.entries)
                .sum::<i64>()
        };
        let (settled, fallbacks) = answers
            .iter()
            .find(|line| line.step == step)
            .map_or((0, 0), |line| (line.answers, line.fallbacks));
        let of_series = |kind: &str| sum(&|count| series(count) == kind);
        let drawn = fallbacks.clamp(0, of_series("answers").max(0));
        let part = |kind: &str| match kind {
            "answers" => of_series(kind) - drawn,
            "fallbacks" => drawn,
            _ => of_series(kind),
        };
        let parts = SERIES
            .iter()
            .map(|kind| ((*kind).to_owned(), part(kind)))
            .collect();
        let (all, failed) = (sum(&|_| true), sum(&|count| count.status == "error"));
        let kinds = KINDS
            .iter()
            .map(|(kind, _)| sum(&|count| count.log_type == *kind));
        let cells = [all]
            .into_iter()
            .chain(kinds)
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
    let kinds = KINDS.iter().map(|(_, word)| *word);
    let head: Vec<&str> = [range.unit(), "All"]
        .into_iter()
        .chain(kinds)
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
        let (read, written) = (
            sum(|count| count.input_tokens),
            sum(|count| count.output_tokens),
        );
        rows.push(vec![
            range.label(step),
            read.to_string(),
            written.to_string(),
        ]);
        bars.push(ChartBar {
            label: range.short_label(step),
            parts: vec![("answers".into(), read), ("tools".into(), written)],
        });
    }
    (
        bars,
        table("tokens", &[range.unit(), "Read", "Written"], rows),
    )
}

/// What each tier holds and takes.
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

/// What is known of durations and tokens of one model or tool, or of all.
#[derive(Debug, Default)]
pub(super) struct Spread {
    buckets: BTreeMap<i64, i64>,
    pub(super) entries: i64,
    failed: i64,
    pub(super) fallbacks: i64,
    tokens: i64,
    first_token: (i64, i64),
}

/// Sums up the buckets of a source, of one name or of all.
pub(super) fn spread(lines: &[BucketLine], source: &str, name: Option<&str>) -> Spread {
    let mut spread = Spread::default();
    for line in lines
        .iter()
        .filter(|line| line.source == source && name.is_none_or(|name| line.name == name))
    {
        *spread.buckets.entry(line.bucket).or_default() += line.entries;
        spread.entries += line.entries;
        spread.failed += line.failed;
        spread.fallbacks += line.fallbacks;
        spread.tokens += line.tokens;
        spread.first_token = (
            spread.first_token.0 + line.first_token_ms,
            spread.first_token.1 + line.first_tokens,
        );
    }
    spread
}

impl Spread {
    /// The duration that so many of a hundred did not exceed, right to a fifth.
    pub(super) fn quantile(&self, percent: i64) -> String {
        let rank = (self.entries * percent + 99) / 100;
        let mut seen = 0;
        for (bucket, entries) in &self.buckets {
            seen += entries;
            if seen >= rank && rank > 0 {
                return millis(upper_ms(*bucket));
            }
        }
        "–".to_owned()
    }
}

/// One row for each model or tool.
pub(super) fn spreads(lines: &[BucketLine], source: &str) -> StatsTable {
    let names: BTreeSet<&str> = lines
        .iter()
        .filter(|line| line.source == source)
        .map(|line| line.name.as_str())
        .collect();
    let row = |name: &str| {
        let spread = spread(lines, source, Some(name));
        let mut row = vec![
            name.to_owned(),
            number(spread.entries),
            spread.quantile(50),
            spread.quantile(95),
        ];
        if source == "model" {
            let (sum, count) = spread.first_token;
            row.push(if count > 0 {
                millis(sum / count)
            } else {
                "–".to_owned()
            });
            row.push(number(spread.tokens));
            row.push(percent(spread.fallbacks, spread.entries));
        }
        row.push(percent(spread.failed, spread.entries));
        row
    };
    let rows = names.into_iter().map(row).collect();
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

/// The last runs.
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
        let took = took_ms.map_or_else(|| "–".to_owned(), millis);
        std::iter::once(at.date_time())
            .chain(counts)
            .chain([took])
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

    #[test]
    fn quantiles_come_from_the_buckets() {
        let line = |bucket, entries| BucketLine {
            source: "model".into(),
            name: "x".into(),
            bucket,
            entries,
            failed: 0,
            fallbacks: 0,
            tokens: 0,
            first_token_ms: 0,
            first_tokens: 0,
        };
        let spread = spread(&[line(20, 95), line(40, 5)], "model", None);
        assert_eq!(
            [
                spread.quantile(50),
                spread.quantile(95),
                spread.quantile(96)
            ],
            [
                millis(upper_ms(20)),
                millis(upper_ms(20)),
                millis(upper_ms(40))
            ]
        );
        assert_eq!(Spread::default().quantile(50), "–");
    }
}
