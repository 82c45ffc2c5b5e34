//! The figures of the stats page, from running totals: they cost the same however many entries
//! there are.

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
use range::{Count, Counted, Range};

/// Ranges that the page offers, in days; one is the last 24 hours.
pub const RANGES: [i64; 4] = [1, 7, 30, 90];
const RUNS: i64 = 12;
/// Damaged objects that are named.
const DAMAGED: i64 = 3;

/// What the stats page is made of.
#[derive(Clone, Copy)]
pub struct StatsSource<'a> {
    /// The rows and the objects.
    pub tiers: &'a Tiers,
    /// At which ages tiers end.
    pub policy: Policy,
    /// Open streams.
    pub streams: &'a StreamLimiter,
    /// The time of the page.
    pub now: Timestamp,
}

/// The stats page of the last `days` days; with `plan` what a retention run would do now.
pub async fn page(source: StatsSource<'_>, days: i64, plan: bool) -> Result<StatsPageData> {
    let days = if RANGES.contains(&days) { days } else { 30 };
    let now = source.now;
    let range = Range::of(days, now);
    let mut reader = source.tiers.store.read().await?;
    let Counted {
        counts,
        before,
        answers: by_step,
        buckets,
    } = range.read(&mut reader).await?;
    let all = stats::by_tier(&mut reader).await?;
    let lags = lags(&mut reader, source.policy, now).await?;
    let reports = report::latest(&mut reader, RUNS).await?;
    let held = holds::count(&mut reader).await?;
    let (damaged, first) = (
        damage::count(&mut reader).await?,
        damage::list(&mut reader, "", DAMAGED).await?,
    );
    drop(reader);
    let steps = if plan {
        Some(steps(source).await?)
    } else {
        None
    };
    let answers = tables::spread(&buckets, "model", None);
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
        needs: needs(
            waiting.clone(),
            reports.first().map(|(_, report)| report),
            late,
        )
        .chain(damage_told(damaged, &first))
        .collect(),
        waiting: waiting.is_some(),
        figures: figures(source.streams, (&counts, &before), &answers, &lags),
        by_day: tables::by_step(&counts, &by_step, range),
        tokens: tables::tokens(&counts, range),
        storage: tables::storage(&all, &lags, now),
        statuses: tables::statuses(&counts),
        models: tables::spreads(&buckets, "model"),
        tools: tables::spreads(&buckets, "tool"),
        runs: tables::runs(&reports),
        holds: held,
        now,
        plan: steps,
    })
}

fn figures(
    streams: &StreamLimiter,
    (lines, before): (&[Count], &[Count]),
    answers: &tables::Spread,
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
            value: number(streams.people() as i64),
            note: live(streams.people(), streams.open()),
        },
        StatCard {
            name: "Retention lag".into(),
            value: worst(lags),
            note: "of the latest tier".into(),
        },
    ]
}

/// What a run would do, with what it could not do and whether there is more than it shows.
async fn steps(source: StatsSource<'_>) -> Result<Vec<String>> {
    let run = Run {
        max_duration: MAX_DURATION_ON_REQUEST,
        ..Run::at(source.policy, source.now)
    };
    let rehearsed = dry_run(source.tiers, run).await?;
    let failed = rehearsed
        .report
        .failures
        .iter()
        .map(|why| format!("could not be looked at: {why}"));
    Ok(failed.chain(rehearsed.lines()).collect())
}

fn needs(
    waiting: Option<String>,
    last: Option<&Report>,
    late: Vec<String>,
) -> impl Iterator<Item = StatsAlert> {
    let waiting = waiting.map(|why| format!("Deletions wait for your word: {why}."));
    let failed = last.filter(|report| report.failed > 0).map(|report| {
        let first = report.failures.first().map_or("", String::as_str);
        let steps = if report.failed == 1 {
            "one step".to_owned()
        } else {
            format!("{} steps", number(report.failed))
        };
        format!("The last run could not do {steps} and tries again; nothing is lost. {first}")
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

/// What a person should do about objects of the archive that cannot be read, of which these are the
/// first.
fn damage_told(damaged: i64, first: &[DamagedObject]) -> Vec<StatsAlert> {
    let told = |object: &DamagedObject| {
        let entries = if object.entries == 1 {
            "1 entry".to_owned()
        } else {
            format!("{} entries", number(object.entries))
        };
        let text = format!(
            "An object of the archive with {entries} is damaged or missing. Put it back from a copy of the archive; this checks it, and \
             gives it up with give-up in place of cat:"
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
    first.iter().map(told).chain(more).collect()
}

/// What stands under the number of people who are connected.
fn live(people: usize, open: usize) -> String {
    let (people, streams) = (
        if people == 1 { "person" } else { "people" },
        if open == 1 { "stream" } else { "streams" },
    );
    format!("{people}, {} {streams} here", number(open as i64))
}

fn worst(lags: &[Lag]) -> String {
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
