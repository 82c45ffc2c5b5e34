//! Running totals, updated in the transaction that changes the rows they count.

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

/// The tier under which deleted entries are counted.
const DELETED: &str = "deleted";

/// Totals of one day, type, status and tier.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct StatsLine {
    /// UTC day, counted from 1970-01-01.
    pub day: i64,
    /// The log type.
    pub log_type: String,
    /// The status.
    pub status: String,
    /// The tier, or `deleted`.
    pub tier: String,
    /// Number of entries.
    pub entries: i64,
    /// Original size of title, details and metadata, in bytes.
    pub bytes: i64,
    /// Stored size in bytes: packed, or the share of an archive object; 0 once deleted.
    pub stored_bytes: i64,
    /// Sum of the measured durations, in milliseconds.
    pub duration_ms: i64,
    /// Sum of input tokens.
    pub input_tokens: i64,
    /// Sum of output tokens.
    pub output_tokens: i64,
}

/// The summed values of a [`StatsLine`].
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
    /// The values of one entry that takes `stored_bytes`.
    pub fn new(
        size: i64,
        stored_bytes: i64,
        duration_ms: Option<i64>,
        metadata: &Metadata,
    ) -> Self {
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

    /// Adds `sign` times `other`.
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

/// The key of a line: UTC day, type, status, tier.
pub type Line = (i64, LogType, Status, &'static str);

/// Changes to one user's totals, summed before they are written.
#[derive(Debug, Default)]
pub struct Changes(BTreeMap<Line, EntryTotals>);

impl Changes {
    /// Adds (`sign` 1) or subtracts (`sign` -1) the totals of entries.
    pub fn count(&mut self, line: Line, totals: EntryTotals, sign: i64) {
        let sum = self.0.entry(line).or_default();
        *sum = sum.plus(totals, sign);
    }

    /// Adds entries as deleted; their stored size is 0.
    pub fn count_deleted(
        &mut self,
        (day, log_type, status): (i64, LogType, Status),
        totals: EntryTotals,
    ) {
        self.count(
            (day, log_type, status, DELETED),
            EntryTotals {
                stored_bytes: 0,
                ..totals
            },
            1,
        );
    }

    /// Writes the changes and deletes lines that become empty, so that tiers entries only pass
    /// through leave none.
    pub async fn write(self, tx: &mut Tx<'_>, user: UserId) -> Result<()> {
        let reduced_days: BTreeSet<i64> = self
            .0
            .iter()
            .filter(|(_, totals)| totals.entries < 0)
            .map(|((day, ..), _)| *day)
            .collect();
        if !self.add(tx, user).await? {
            return Ok(());
        }
        for day in reduced_days {
            let sql = "delete from work_log_stats where user_id = $1 and day = $2 and tier <> \
                       'deleted' and entries = 0 and stored_bytes = 0";
            sqlx::query(sql)
                .bind(user.to_string())
                .bind(day)
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// Returns whether a line became empty.
    async fn add(self, tx: &mut Tx<'_>, user: UserId) -> Result<bool> {
        let mut sums = Sums::new(&TOTALS);
        for ((day, log_type, status, tier), totals) in self.0 {
            let EntryTotals {
                entries,
                bytes,
                stored_bytes,
                duration_ms,
                input_tokens,
                output_tokens,
            } = totals;
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

/// Counts a new entry.
pub(super) async fn count_new(
    tx: &mut Tx<'_>,
    entry: &WorkLogEntry,
    stored_bytes: i64,
) -> Result<()> {
    count_row(tx, entry, stored_bytes).await?;
    hours::count(tx, entry.user_id, &[(entry, 1)]).await?;
    durations::count(tx, entry.user_id, &[(entry, 1)]).await
}

/// Counts the row of an entry that was counted in another tier before; counts by hour and by
/// duration stay.
pub(super) async fn count_row(
    tx: &mut Tx<'_>,
    entry: &WorkLogEntry,
    stored_bytes: i64,
) -> Result<()> {
    let mut changes = Changes::default();
    changes.count(
        line(entry, entry.storage_status.as_str()),
        totals(entry, stored_bytes),
        1,
    );
    changes.add(tx, entry.user_id).await.map(drop)
}

/// Subtracts the entry before the change and adds it after, each with the stored size of its row.
pub(super) async fn count_change(
    tx: &mut Tx<'_>,
    before: (&WorkLogEntry, i64),
    after: (&WorkLogEntry, i64),
) -> Result<()> {
    let (mut changes, user) = (Changes::default(), after.0.user_id);
    for ((entry, stored_bytes), sign) in [(before, -1), (after, 1)] {
        changes.count(
            line(entry, entry.storage_status.as_str()),
            totals(entry, stored_bytes),
            sign,
        );
    }
    changes.add(tx, user).await?;
    let both = [(before.0, -1), (after.0, 1)];
    hours::count(tx, user, &both).await?;
    durations::count(tx, user, &both).await
}

/// Moves an entry from its tier to the deleted ones. Counts by hour and by duration stay.
pub(super) async fn move_to_deleted(
    tx: &mut Tx<'_>,
    entry: &WorkLogEntry,
    stored_bytes: i64,
) -> Result<()> {
    let mut changes = Changes::default();
    changes.count(
        line(entry, entry.storage_status.as_str()),
        totals(entry, stored_bytes),
        -1,
    );
    changes.count_deleted(
        (entry.timestamp.day(), entry.log_type, entry.status),
        totals(entry, 0),
    );
    changes.add(tx, entry.user_id).await.map(drop)
}

const fn line(entry: &WorkLogEntry, tier: &'static str) -> Line {
    (entry.timestamp.day(), entry.log_type, entry.status, tier)
}

fn totals(entry: &WorkLogEntry, stored_bytes: i64) -> EntryTotals {
    let size = entry_size::entry_size(&entry.title, entry.details.as_deref(), &entry.metadata);
    EntryTotals::new(size, stored_bytes, entry.duration_ms, &entry.metadata)
}

/// The totals of all users since the UTC day `since`, newest day first.
pub async fn since(connection: &mut AnyConnection, since: i64) -> Result<Vec<StatsLine>> {
    let sql = "select day, log_type, status, tier, cast(sum(entries) as bigint) as entries, \
               cast(sum(bytes) as bigint) as bytes, \
               cast(sum(stored_bytes) as bigint) as stored_bytes, \
               cast(sum(duration_ms) as bigint) as duration_ms, cast(sum(input_tokens) as bigint) \
               as input_tokens, \
               cast(sum(output_tokens) as bigint) as output_tokens from work_log_stats where day \
               >= $1 group by day, log_type, status, tier having sum(entries) <> 0 \
               order by day desc, log_type, status, tier";
    Ok(sqlx::query_as(sql)
        .bind(since)
        .fetch_all(connection)
        .await?)
}

/// The totals of one tier.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TierLine {
    /// The tier.
    pub tier: String,
    /// Number of entries.
    pub entries: i64,
    /// Original size in bytes.
    pub bytes: i64,
    /// Stored size in bytes.
    pub stored_bytes: i64,
}

/// All users' totals by tier, without deleted entries.
pub async fn by_tier(connection: &mut AnyConnection) -> Result<Vec<TierLine>> {
    let sql = "select tier, cast(sum(entries) as bigint) as entries, cast(sum(bytes) as bigint) \
               as bytes, cast(sum(stored_bytes) as bigint) as stored_bytes from work_log_stats \
               where tier <> 'deleted' group by tier order by tier";
    Ok(sqlx::query_as(sql).fetch_all(connection).await?)
}

/// Number of entries of all users in all tiers.
pub async fn entries(connection: &mut AnyConnection) -> Result<i64> {
    let sql = "select cast(coalesce(sum(entries), 0) as bigint) from work_log_stats where tier <> \
               'deleted'";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Moves all of a user's totals to `deleted`, when the account is deleted.
pub async fn all_to_deleted(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let sql = "insert into work_log_stats (user_id, day, log_type, status, tier, entries, bytes, \
               stored_bytes, duration_ms, input_tokens, \
               output_tokens) select user_id, day, log_type, status, 'deleted', cast(sum(entries) \
               as bigint), cast(sum(bytes) as bigint), \
               0, cast(sum(duration_ms) as bigint), cast(sum(input_tokens) as bigint), \
               cast(sum(output_tokens) as bigint) \
               from work_log_stats where user_id = $1 and tier <> 'deleted' group by user_id, \
               day, log_type, status \
               on conflict (user_id, day, log_type, status, tier) do update set entries = \
               work_log_stats.entries + excluded.entries, \
               bytes = work_log_stats.bytes + excluded.bytes, duration_ms = \
               work_log_stats.duration_ms + excluded.duration_ms, \
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
