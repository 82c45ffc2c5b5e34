//! Histograms of model and tool durations, with four buckets per doubling: a quantile is within a
//! fifth of the true value. Only the models and tools of the assistant have a name; entries from
//! outside are counted together, under none.

use super::{
    Result, Tx,
    sums::{SumPart, Sums, Totals, metadata_number},
};
use crate::domain::{LogType, Status, UNKNOWN_TOOL, WorkLogEntry, ids::UserId};
use sqlx::AnyConnection;

/// Buckets per doubling of the duration.
const BUCKETS_PER_DOUBLING: f64 = 4.0;
/// Longest recorded name, in characters.
const MAX_NAME_CHARS: usize = 80;

/// The name under which entries from outside are counted. Their own names may be anything, and
/// statistics are neither deleted nor private.
pub const OUTSIDE: &str = "";

/// Totals of one bucket of a model or tool.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct BucketLine {
    /// `model` or `tool`.
    pub source: String,
    /// Its name; [`OUTSIDE`] for entries from outside.
    pub name: String,
    /// The bucket; see [`upper_ms`].
    pub bucket: i64,
    /// Number of entries.
    pub entries: i64,
    /// Number of failed entries.
    pub failed: i64,
    /// Number of answers by a fallback model.
    pub fallbacks: i64,
    /// Sum of input and output tokens.
    pub tokens: i64,
    /// Sum of the times to the first token in milliseconds, over `first_tokens` entries.
    pub first_token_ms: i64,
    /// Number of entries with a time to the first token.
    pub first_tokens: i64,
}

fn bucket(duration_ms: i64) -> i64 {
    ((duration_ms.max(0) as f64 + 1.0).log2() * BUCKETS_PER_DOUBLING).floor() as i64
}

/// The longest duration of a bucket, in milliseconds.
pub fn upper_ms(bucket: i64) -> i64 {
    ((bucket + 1) as f64 / BUCKETS_PER_DOUBLING).exp2().ceil() as i64 - 1
}

/// The key under which a finished answer or tool call is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timed {
    /// `model` or `tool`.
    pub(super) source: &'static str,
    /// Its name.
    pub(super) name: String,
    /// The bucket of its duration.
    pub(super) bucket: i64,
}

/// The key of an entry, if it is a finished answer or tool call with a measured duration.
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
    let is_known = entry.turn_id.is_some() && !metadata.flag(UNKNOWN_TOOL);
    let name = if is_known { name } else { OUTSIDE };
    let duration_ms = entry
        .duration_ms
        .filter(|_| entry.status != Status::Working)?;
    Some(Timed {
        source,
        name: name.chars().take(MAX_NAME_CHARS).collect(),
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

/// Adds (`sign` 1) or subtracts (`sign` -1) entries of one user.
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
        let values = [
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
            &values,
            *sign,
        );
    }
    sums.write(tx, user).await.map(drop)
}

/// Totals of all users since the UTC day `since`.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<BucketLine>> {
    let sql = "select source, name, bucket, cast(sum(entries) as bigint) as entries, \
               cast(sum(failed) as bigint) as failed, \
               cast(sum(fallbacks) as bigint) as fallbacks, cast(sum(tokens) as bigint) as tokens, \
               cast(sum(first_token_ms) as bigint) as first_token_ms, cast(sum(first_tokens) as \
               bigint) as first_tokens \
               from work_log_durations where day >= $1 group by source, name, bucket having \
               sum(entries) > 0 order by source, name, bucket";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// Number of finished answers of the assistant in a day or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct AnswersLine {
    /// The day or hour, counted from 1970-01-01.
    pub step: i64,
    /// All answers.
    pub answers: i64,
    /// Answers by a fallback model.
    pub fallbacks: i64,
}

/// All users' answers since the UTC day `since`, by day.
pub async fn answers(connection: &mut AnyConnection, since: i64) -> Result<Vec<AnswersLine>> {
    let sql = "select day as step, cast(sum(entries) as bigint) as answers, cast(sum(fallbacks) \
               as bigint) as fallbacks \
               from work_log_durations where day >= $1 and source = 'model' \
               and name <> '' group by day";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_its_bucket_and_the_bucket_is_narrow() {
        for ms in [0, 1, 2, 9, 100, 2_345, 60_000, 31_622_400_000] {
            let upper = upper_ms(bucket(ms));
            assert!(
                upper >= ms && upper as f64 <= ms as f64 * 1.2 + 2.0,
                "the upper bound of {ms} is {upper}"
            );
        }
    }
}
