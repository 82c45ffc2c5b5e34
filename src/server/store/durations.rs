//! How long models and tools took, as a histogram: four buckets to each doubling, so a quantile is
//! right to a fifth.

use super::{
    Result, Tx,
    sums::{SumPart, Sums, Totals, metadata_number},
};
use crate::domain::{LogType, Status, WorkLogEntry, ids::UserId};
use sqlx::AnyConnection;

/// Buckets to each doubling of the duration.
const PER_DOUBLING: f64 = 4.0;
/// Longest name that is counted, in characters.
const NAME_MAX: usize = 80;

/// What of one model or tool fell into one bucket.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BucketLine {
    /// `model` or `tool`.
    pub source: String,
    /// Its name.
    pub name: String,
    /// The bucket; see [`upper_ms`].
    pub bucket: i64,
    /// How many entries.
    pub entries: i64,
    /// How many of them failed.
    pub failed: i64,
    /// How many answered in place of another model.
    pub fallbacks: i64,
    /// Sum of tokens, read and written.
    pub tokens: i64,
    /// Sum of the times to the first token, in milliseconds, of `first_tokens` entries.
    pub first_token_ms: i64,
    /// How many measured it.
    pub first_tokens: i64,
}

fn bucket(duration_ms: i64) -> i64 {
    ((duration_ms.max(0) as f64 + 1.0).log2() * PER_DOUBLING).floor() as i64
}

/// The longest duration of a bucket, in milliseconds.
pub fn upper_ms(bucket: i64) -> i64 {
    ((bucket + 1) as f64 / PER_DOUBLING).exp2().ceil() as i64 - 1
}

/// What a settled answer or tool call is counted as: of which model or tool, and in which bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timed {
    /// `model` or `tool`.
    pub(super) source: &'static str,
    /// Its name.
    pub(super) name: String,
    /// The bucket of its duration.
    pub(super) bucket: i64,
}

/// What an entry is counted as, if it is a settled answer or tool call whose duration was measured.
pub(super) fn timed(entry: &WorkLogEntry) -> Option<Timed> {
    let metadata = &entry.metadata;
    let (source, name) = match entry.log_type {
        LogType::AiResponse => (
            "model",
            metadata
                .text("modelName")
                .or_else(|| metadata.text("model"))?,
        ),
        LogType::ToolCall => ("tool", metadata.text("tool")?),
        _ => return None,
    };
    let duration_ms = entry
        .duration_ms
        .filter(|_| entry.status != Status::Working)?;
    Some(Timed {
        source,
        name: name.chars().take(NAME_MAX).collect(),
        bucket: bucket(duration_ms),
    })
}

const TOTALS: Totals = Totals {
    table: "work_log_durations",
    key: &["day", "source", "name", "bucket"],
    sums: &[
        "entries",
        "failed",
        "fallbacks",
        "tokens",
        "first_token_ms",
        "first_tokens",
    ],
};

/// Counts entries of one person in (`sign` 1) or out (`sign` -1).
pub(super) async fn count(
    tx: &mut Tx<'_>,
    user: UserId,
    entries: &[(&WorkLogEntry, i64)],
) -> Result<()> {
    let mut sums = Sums::new(&TOTALS);
    for (entry, sign) in entries {
        let Some(Timed {
            source,
            name,
            bucket,
        }) = timed(entry)
        else {
            continue;
        };
        let metadata = &entry.metadata;
        let number = |name| metadata_number(metadata, name);
        let figures = [
            1,
            i64::from(entry.status == Status::Error),
            i64::from(metadata.flag("fallback")),
            number("inputTokens") + number("outputTokens"),
            number("timeToFirstTokenMs"),
            i64::from(metadata.number("timeToFirstTokenMs").is_some()),
        ];
        sums.add(
            vec![
                entry.timestamp.day().into(),
                source.into(),
                SumPart::Text(name),
                bucket.into(),
            ],
            &figures,
            *sign,
        );
    }
    sums.write(tx, user).await.map(drop)
}

/// Everybody's, since the UTC day `since`.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<BucketLine>> {
    let sql = "select source, name, bucket, cast(sum(entries) as bigint) as entries, cast(sum(failed) as bigint) as failed, \
               cast(sum(fallbacks) as bigint) as fallbacks, cast(sum(tokens) as bigint) as tokens, \
               cast(sum(first_token_ms) as bigint) as first_token_ms, cast(sum(first_tokens) as bigint) as first_tokens \
               from work_log_durations where day >= $1 group by source, name, bucket having sum(entries) > 0 order by source, name, bucket";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// How many settled answers there were in a day or an hour, and how many of them in place of
/// another model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct AnswersLine {
    /// The day or hour, counted from 1970-01-01.
    pub step: i64,
    /// All of them.
    pub answers: i64,
    /// Those of a fallback.
    pub fallbacks: i64,
}

/// Everybody's answers since the UTC day `since`, by day.
pub async fn answers(connection: &mut AnyConnection, since: i64) -> Result<Vec<AnswersLine>> {
    let sql = "select day as step, cast(sum(entries) as bigint) as answers, cast(sum(fallbacks) as bigint) as fallbacks \
               from work_log_durations where day >= $1 and source = 'model' group by day";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_lies_in_its_bucket_and_the_bucket_is_narrow() {
        for ms in [0, 1, 2, 9, 100, 2_345, 60_000, 31_622_400_000] {
            let upper = upper_ms(bucket(ms));
            assert!(
                upper >= ms && upper as f64 <= ms as f64 * 1.2 + 2.0,
                "{ms} is told as {upper}"
            );
        }
    }
}
