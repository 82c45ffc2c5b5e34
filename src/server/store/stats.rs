//! Running totals, changed in the same transaction as the rows they count.

use super::{
    Result, Tx, durations, hours,
    sums::{Sums, Totals, metadata_number},
};
use crate::{
    domain::{LogType, Metadata, Status, WorkLogEntry, ids::UserId},
    server::store::entry_size,
};
use sqlx::AnyConnection;
use std::collections::{BTreeMap, BTreeSet};

/// The tier under which deleted entries are still counted.
const DELETED: &str = "deleted";

/// One line of totals over a day, a type, a status and a tier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct StatsLine {
    /// UTC day, counted from 1970-01-01.
    pub day: i64,
    /// The type's word.
    pub log_type: String,
    /// The status's word.
    pub status: String,
    /// The tier's word, or `deleted`.
    pub tier: String,
    /// How many.
    pub entries: i64,
    /// Title, details and metadata together, in bytes, as they were written.
    pub bytes: i64,
    /// The same as it is stored: packed, or its share of an object; nothing once it is deleted.
    pub stored_bytes: i64,
    /// Sum of the measured durations, in milliseconds.
    pub duration_ms: i64,
    /// Sum of tokens read by models.
    pub input_tokens: i64,
    /// Sum of tokens written by models.
    pub output_tokens: i64,
}

/// What is summed up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `StatsLine`")]
pub struct EntryTotals {
    pub entries: i64,
    pub bytes: i64,
    pub stored_bytes: i64,
    pub duration_ms: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
}

impl EntryTotals {
    /// The figures of one entry that takes `stored_bytes`.
    pub fn of(size: i64, stored_bytes: i64, duration_ms: Option<i64>, metadata: &Metadata) -> Self {
        let tokens = |name| metadata_number(metadata, name);
        Self {
            entries: 1,
            bytes: size,
            stored_bytes,
            duration_ms: duration_ms.unwrap_or(0),
            input_tokens: tokens("inputTokens"),
            output_tokens: tokens("outputTokens"),
        }
    }

    /// `self` and `sign` times the others.
    pub const fn plus(self, other: Self, sign: i64) -> Self {
        Self {
            entries: self.entries + sign * other.entries,
            bytes: self.bytes + sign * other.bytes,
            stored_bytes: self.stored_bytes + sign * other.stored_bytes,
            duration_ms: self.duration_ms + sign * other.duration_ms,
            input_tokens: self.input_tokens + sign * other.input_tokens,
            output_tokens: self.output_tokens + sign * other.output_tokens,
        }
    }
}

/// Where something is counted: UTC day, type, status, tier.
pub type Line = (i64, LogType, Status, &'static str);

/// Changes to one person's totals, summed up before they are written.
#[derive(Debug, Default)]
pub struct Changes(BTreeMap<Line, EntryTotals>);

impl Changes {
    /// Counts figures in (`sign` 1) or out (`sign` -1).
    pub fn count(&mut self, line: Line, figures: EntryTotals, sign: i64) {
        let sum = self.0.entry(line).or_default();
        *sum = sum.plus(figures, sign);
    }

    /// Counts figures as deleted: they take nothing any more.
    pub fn count_deleted(
        &mut self,
        (day, log_type, status): (i64, LogType, Status),
        figures: EntryTotals,
    ) {
        self.count(
            (day, log_type, status, DELETED),
            EntryTotals {
                stored_bytes: 0,
                ..figures
            },
            1,
        );
    }

    /// Writes them, and takes out what they leave empty: of a tier that is passed through no line
    /// stays behind.
    pub async fn write(self, tx: &mut Tx<'_>, user: UserId) -> Result<()> {
        let left: BTreeSet<i64> = self
            .0
            .iter()
            .filter(|(_, figures)| figures.entries < 0)
            .map(|((day, ..), _)| *day)
            .collect();
        if !self.add(tx, user).await? {
            return Ok(());
        }
        for day in left {
            let sql = "delete from work_log_stats where user_id = $1 and day = $2 and tier <> 'deleted' and entries = 0 and stored_bytes = 0";
            sqlx::query(sql)
                .bind(user.to_string())
                .bind(day)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// Whether a line became empty.
    async fn add(self, tx: &mut Tx<'_>, user: UserId) -> Result<bool> {
        let mut sums = Sums::new(&TOTALS);
        for ((day, log_type, status, tier), figures) in self.0 {
            let EntryTotals {
                entries,
                bytes,
                stored_bytes,
                duration_ms,
                input_tokens,
                output_tokens,
            } = figures;
            let line = vec![
                day.into(),
                log_type.as_str().into(),
                status.as_str().into(),
                tier.into(),
            ];
            sums.add(
                line,
                &[
                    entries,
                    bytes,
                    stored_bytes,
                    duration_ms,
                    input_tokens,
                    output_tokens,
                ],
                1,
            );
        }
        sums.write(tx, user).await
    }
}

const TOTALS: Totals = Totals {
    table: "work_log_stats",
    key: &["day", "log_type", "status", "tier"],
    sums: &[
        "entries",
        "bytes",
        "stored_bytes",
        "duration_ms",
        "input_tokens",
        "output_tokens",
    ],
};

/// Counts an entry that is new.
pub(super) async fn count_new(
    tx: &mut Tx<'_>,
    entry: &WorkLogEntry,
    stored_bytes: i64,
) -> Result<()> {
    count_row(tx, entry, stored_bytes).await?;
    hours::count(tx, entry.user_id, &[(entry, 1)]).await?;
    durations::count(tx, entry.user_id, &[(entry, 1)]).await
}

/// Counts the row of an entry that was counted before as one of another tier; who did it and how
/// long it took stays counted.
pub(super) async fn count_row(
    tx: &mut Tx<'_>,
    entry: &WorkLogEntry,
    stored_bytes: i64,
) -> Result<()> {
    let mut changes = Changes::default();
    changes.count(
        line(entry, entry.storage_status.as_str()),
        figures(entry, stored_bytes),
        1,
    );
    changes.add(tx, entry.user_id).await.map(drop)
}

/// Counts an entry out as it was and in as it is, each with the bytes that its row takes.
pub(super) async fn count_change(
    tx: &mut Tx<'_>,
    before: (&WorkLogEntry, i64),
    after: (&WorkLogEntry, i64),
) -> Result<()> {
    let (mut changes, user) = (Changes::default(), after.0.user_id);
    for ((entry, stored_bytes), sign) in [(before, -1), (after, 1)] {
        changes.count(
            line(entry, entry.storage_status.as_str()),
            figures(entry, stored_bytes),
            sign,
        );
    }
    changes.add(tx, user).await?;
    let both = [(before.0, -1), (after.0, 1)];
    hours::count(tx, user, &both).await?;
    durations::count(tx, user, &both).await
}

/// Takes an entry out of its tier and into the deleted ones. By the hour and by duration it stays
/// counted as it is.
pub(super) async fn move_to_deleted(
    tx: &mut Tx<'_>,
    entry: &WorkLogEntry,
    stored_bytes: i64,
) -> Result<()> {
    let mut changes = Changes::default();
    changes.count(
        line(entry, entry.storage_status.as_str()),
        figures(entry, stored_bytes),
        -1,
    );
    changes.count_deleted(
        (entry.timestamp.day(), entry.log_type, entry.status),
        figures(entry, 0),
    );
    changes.add(tx, entry.user_id).await.map(drop)
}

const fn line(entry: &WorkLogEntry, tier: &'static str) -> Line {
    (entry.timestamp.day(), entry.log_type, entry.status, tier)
}

fn figures(entry: &WorkLogEntry, stored_bytes: i64) -> EntryTotals {
    let size = entry_size::entry_size(&entry.title, entry.details.as_deref(), &entry.metadata);
    EntryTotals::of(size, stored_bytes, entry.duration_ms, &entry.metadata)
}

/// The totals of everybody since the UTC day `since`, newest day first.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<StatsLine>> {
    let sql = "select day, log_type, status, tier, cast(sum(entries) as bigint) as entries, cast(sum(bytes) as bigint) as bytes, \
               cast(sum(stored_bytes) as bigint) as stored_bytes, \
               cast(sum(duration_ms) as bigint) as duration_ms, cast(sum(input_tokens) as bigint) as input_tokens, \
               cast(sum(output_tokens) as bigint) as output_tokens from work_log_stats where day >= $1 \
               group by day, log_type, status, tier having sum(entries) <> 0 order by day desc, log_type, status, tier";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// What a tier holds.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TierLine {
    /// The tier's word.
    pub tier: String,
    /// How many entries.
    pub entries: i64,
    /// Their size as they were written.
    pub bytes: i64,
    /// Their size as it is stored.
    pub stored_bytes: i64,
}

/// Everybody's totals by tier, without what is deleted.
pub async fn by_tier(connection: &mut AnyConnection) -> Result<Vec<TierLine>> {
    let sql = "select tier, cast(sum(entries) as bigint) as entries, cast(sum(bytes) as bigint) as bytes, \
               cast(sum(stored_bytes) as bigint) as stored_bytes from work_log_stats where tier <> 'deleted' group by tier order by tier";
    Ok(sqlx::query_as(sql).fetch_all(connection).await?)
}

/// How many entries everybody has now, in all tiers.
pub async fn entries(connection: &mut AnyConnection) -> Result<i64> {
    let sql = "select cast(coalesce(sum(entries), 0) as bigint) from work_log_stats where tier <> 'deleted'";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Moves what one person's totals say of every tier to `deleted`, when the person's account goes.
pub async fn all_to_deleted(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let sql = "insert into work_log_stats (user_id, day, log_type, status, tier, entries, bytes, stored_bytes, duration_ms, input_tokens, \
               output_tokens) select user_id, day, log_type, status, 'deleted', cast(sum(entries) as bigint), cast(sum(bytes) as bigint), \
               0, cast(sum(duration_ms) as bigint), cast(sum(input_tokens) as bigint), cast(sum(output_tokens) as bigint) \
               from work_log_stats where user_id = $1 and tier <> 'deleted' group by user_id, day, log_type, status \
               on conflict (user_id, day, log_type, status, tier) do update set entries = work_log_stats.entries + excluded.entries, \
               bytes = work_log_stats.bytes + excluded.bytes, duration_ms = work_log_stats.duration_ms + excluded.duration_ms, \
               input_tokens = work_log_stats.input_tokens + excluded.input_tokens, \
               output_tokens = work_log_stats.output_tokens + excluded.output_tokens";
    sqlx::query(sql)
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    let sql = "delete from work_log_stats where user_id = $1 and tier <> 'deleted'";
    sqlx::query(sql)
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
