//! The stats page, computed from running totals, so that its cost does not depend on the number of
//! entries.

pub mod format;
mod range;
mod tables;

use super::{
    archive::Tiers,
    base::error::Result,
    feed::StreamLimiter,
    retention::{
        Policy, Report, Run,
        dry_run::dry_run,
        lag::{Lag, lags},
        report,
        worker::MAX_DURATION_ON_REQUEST,
    },
    store::{
        holds,
        retention::damage::{self, DamagedObject},
        stats,
    },
};
use crate::domain::{StatCard, StatsAlert, StatsPageData, time::Timestamp};
use format::{number, percent, seconds};
use range::{Count, Range, RangeTotals};

/// The ranges that can be selected, in days; 1 is the last 24 hours.
pub const RANGES: [i64; 4] = [1, 7, 30, 90];
const LISTED_RUNS: i64 = 12;
/// Maximum number of damaged objects that are listed.
const LISTED_DAMAGED_OBJECTS: i64 = 3;

/// Parameters for reading the stats page.
#[derive(Clone, Copy)]
pub struct StatsSource<'a> {
    /// The database and the archive.
    pub tiers: &'a Tiers,
    /// The ages of the tiers.
    pub policy: Policy,
    /// Open streams.
    pub streams: &'a StreamLimiter,
    /// Server time.
    pub now: Timestamp,
}

/// The stats page of the last `days` days; with `plan` also what a retention run would do now.
pub async fn page(source: StatsSource<'_>, days: i64, plan: bool) -> Result<StatsPageData> {
    let days = if RANGES.contains(&days) { days } else { 30 };
    let now = source.now;
    let range = Range::new(days, now);
    let mut reader = source.tiers.store.read().await?;
    let RangeTotals {
        counts,
        before,
        answers: by_step,
        buckets,
    } = range.read(&mut reader).await?;
    let all = stats::by_tier(&mut reader).await?;
    let lags = lags(&mut reader, source.policy, now).await?;
    let reports = report::latest(&mut reader, LISTED_RUNS).await?;
    let holds = holds::count(&mut reader).await?;
    let (damaged, first) = (
        damage::count(&mut reader).await?,
        damage::list(&mut reader, "", LISTED_DAMAGED_OBJECTS).await?,
    );
    drop(reader);
    let steps = if plan {
        Some(planned_steps(source).await?)
    } else {
        None
    };
    let answers = tables::answers(&buckets);
    let late: Vec<_> = lags
        .iter()
        .filter(|lag| lag.is_behind())
        .map(|lag| {
            format!(
                "Retention is behind: the oldest {} entry should have left its tier {} ago.",
                lag.tier,
                seconds(lag.seconds)
            )
        })
        .collect();
    let waiting = reports
        .first()
        .and_then(|(_, report)| report.waiting.clone());
    Ok(StatsPageData {
        days,
        needs: alerts(
            waiting.clone(),
            reports.first().map(|(_, report)| report),
            late,
        )
        .chain(damage_alerts(damaged, &first))
        .collect(),
        waiting: waiting.is_some(),
        figures: cards(source.streams, (&counts, &before), &answers, &lags),
        by_day: tables::by_step(&counts, &by_step, range),
        tokens: tables::tokens(&counts, range),
        storage: tables::storage(&all, &lags, now),
        statuses: tables::statuses(&counts),
        models: tables::durations_table(&buckets, "model"),
        tools: tables::durations_table(&buckets, "tool"),
        runs: tables::runs(&reports),
        holds,
        now,
        plan: steps,
    })
}

fn cards(
    streams: &StreamLimiter,
    (lines, before): (&[Count], &[Count]),
    answers: &tables::Durations,
    lags: &[Lag],
) -> Vec<StatCard> {
    vec![
        StatCard {
            name: "Entries".into(),
            value: number(entries(lines)),
            note: format!("{} before", number(entries(before))),
        },
        StatCard {
            name: "Errors".into(),
            value: error_rate(lines),
            note: format!("{} before", error_rate(before)),
        },
        StatCard {
            name: "Fallbacks".into(),
            value: percent(answers.fallbacks, answers.entries),
            note: "of answers".into(),
        },
        StatCard {
            name: "Answer, p50".into(),
            value: answers.quantile(50),
            note: format!("p95 {}", answers.quantile(95)),
        },
        StatCard {
            name: "Live now".into(),
            value: number(streams.users() as i64),
            note: live_note(streams.users(), streams.open()),
        },
        StatCard {
            name: "Retention lag".into(),
            value: longest_lag(lags),
            note: "of the tier furthest behind".into(),
        },
    ]
}

/// The steps of a dry run, preceded by its failures.
async fn planned_steps(source: StatsSource<'_>) -> Result<Vec<String>> {
    let run = Run {
        max_duration: MAX_DURATION_ON_REQUEST,
        ..Run::at(source.policy, source.now)
    };
    let plan = dry_run(source.tiers, run).await?;
    let failed = plan
        .report
        .failures
        .iter()
        .map(|why| format!("could not be checked: {why}"));
    Ok(failed.chain(plan.lines()).collect())
}

fn alerts(
    waiting: Option<String>,
    last: Option<&Report>,
    late: Vec<String>,
) -> impl Iterator<Item = StatsAlert> {
    let waiting = waiting.map(|why| format!("Deletions wait for your word: {why}."));
    let failed = last.filter(|report| report.failed > 0).map(|report| {
        let first = report.failures.first().map_or("", String::as_str);
        let steps = if report.failed == 1 {
            "One step".to_owned()
        } else {
            format!("{} steps", number(report.failed))
        };
        format!("{steps} of the last run failed; the next run retries. Nothing is lost. {first}")
    });
    waiting
        .into_iter()
        .chain(failed)
        .chain(late)
        .map(|text| StatsAlert {
            text,
            command: None,
        })
}

/// Alerts about damaged archive objects, of which `first` are listed one by one.
fn damage_alerts(damaged: i64, first: &[DamagedObject]) -> Vec<StatsAlert> {
    let alert = |object: &DamagedObject| {
        let entries = if object.entries == 1 {
            "1 entry".to_owned()
        } else {
            format!("{} entries", number(object.entries))
        };
        let text = format!(
            "An object of the archive with {entries} is damaged or missing. \
             Restore it from a copy of the archive, then check it with the command below. \
             Without a copy, give it up with `holly archive give-up`:"
        );
        StatsAlert {
            text,
            command: Some(format!("holly archive cat {}", object.key)),
        }
    };
    let more = damaged - first.len() as i64;
    let more = (more > 0).then(|| StatsAlert {
        text: format!(
            "{} more objects of the archive are damaged or missing.",
            number(more)
        ),
        command: None,
    });
    first.iter().map(alert).chain(more).collect()
}

/// The note below the number of connected users.
fn live_note(people: usize, open: usize) -> String {
    let (people, streams) = (
        if people == 1 { "person" } else { "people" },
        if open == 1 { "stream" } else { "streams" },
    );
    format!("{people}, {} {streams} here", number(open as i64))
}

fn longest_lag(lags: &[Lag]) -> String {
    lags.iter()
        .map(|lag| lag.seconds)
        .max()
        .filter(|seconds| *seconds > 0)
        .map_or_else(|| "none".to_owned(), seconds)
}

fn entries(lines: &[Count]) -> i64 {
    lines.iter().map(|line| line.entries).sum()
}

fn error_rate(lines: &[Count]) -> String {
    let failed = lines
        .iter()
        .filter(|line| line.status == "error")
        .map(|line| line.entries)
        .sum();
    percent(failed, entries(lines))
}
