//! Rows and objects that are due: for plans (at most `limit`, by an index on age), for the clock
//! guard (counts), for the lag, and after erasures.

use super::{
    manifest::{COLUMNS, Manifest, ManifestRow},
    objects::MARKED,
};
use crate::{
    domain::{
        StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::store::{
        Result, conditions::Conditions, holds::held, parse_column, parse_optional, work_logs::HELD,
    },
};
use sqlx::{Any, AnyConnection, any::AnyArguments, query::QueryAs};

/// Whether a hold covers an object's entries.
const OBJECT_HELD: &str = held!("archive_objects");

/// Expired rows, the oldest of each tier first, at most `limit`. One query per tier, so that the
/// index yields them in order and the rest of a long backlog is not read.
pub async fn expired_rows(
    connection: &mut AnyConnection,
    expired: Timestamp,
    limit: i64,
) -> Result<Vec<(UserId, EntryId)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    for tier in ["hot", "warm"] {
        let sql = format!(
            "select user_id, id from work_logs where storage_status = $1 and created_at <= $2 and \
             status <> 'working' \
             and kept_at is null and not {HELD} order by created_at, id limit $3"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(tier)
            .bind(expired.millis());
        found.extend(
            query
                .bind(limit - found.len() as i64)
                .fetch_all(&mut *connection)
                .await?,
        );
    }
    found
        .iter()
        .map(|(user, id)| Ok((parse_column("user_id", user)?, parse_column("id", id)?)))
        .collect()
}

/// Number of expired rows.
pub async fn count_expired_rows(connection: &mut AnyConnection, expired: Timestamp) -> Result<i64> {
    let sql = format!(
        "select count(*) from work_logs where storage_status in ('hot', 'warm') and created_at <= \
         $1 and status <> 'working' and kept_at is null and not {HELD}"
    );
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(expired.millis())
        .fetch_one(connection)
        .await?)
}

/// Rows to pack: hot rows created at or before `hot` and after `warm`, oldest first, at most
/// `limit`.
pub async fn rows_to_pack(
    connection: &mut AnyConnection,
    hot: Timestamp,
    warm: Timestamp,
    limit: i64,
) -> Result<Vec<(UserId, EntryId)>> {
    let sql = "select user_id, id from work_logs where storage_status = 'hot' and created_at <= \
               $1 and created_at > $2 and status <> 'working' order by created_at, id limit $3";
    let query = sqlx::query_as::<_, (String, String)>(sql)
        .bind(hot.millis())
        .bind(warm.millis())
        .bind(limit);
    query
        .fetch_all(connection)
        .await?
        .iter()
        .map(|(user, id)| Ok((parse_column("user_id", user)?, parse_column("id", id)?)))
        .collect()
}

/// Rows of one user, conversation and UTC day that move to the archive together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueGroup {
    /// The owner.
    pub user_id: UserId,
    /// The conversation, if any.
    pub conversation_id: Option<ConversationId>,
    /// The UTC day.
    pub day: i64,
    /// Whether the owner keeps each of these entries.
    pub kept: bool,
    /// Cold, or archived if these entries do not expire.
    pub tier: StorageStatus,
    /// Number of rows.
    pub rows: i64,
    /// The lowest and the highest id.
    pub ids: (EntryId, EntryId),
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    user_id: String,
    conversation_id: Option<String>,
    day: i64,
    kept: i64,
    stays: i64,
    entries: i64,
    first_id: String,
    last_id: String,
}

/// The first day from `from` on that has rows created at or before `warm`.
pub async fn first_day(
    connection: &mut AnyConnection,
    from: i64,
    warm: Timestamp,
) -> Result<Option<i64>> {
    let mut first = None;
    for tier in ["hot", "warm"] {
        let sql = "select min(created_at) from work_logs where storage_status = $1 and created_at \
                   >= $2 and created_at <= $3";
        let query = sqlx::query_scalar::<_, Option<i64>>(sql)
            .bind(tier)
            .bind(from * DAY_MS)
            .bind(warm.millis());
        first = [first, query.fetch_one(&mut *connection).await?]
            .into_iter()
            .flatten()
            .min();
    }
    Ok(first.map(|at| Timestamp::from_millis(at).day()))
}

/// The groups of a day whose newest row was created at or before `warm`, at most `limit`, without
/// expired rows.
pub async fn groups(
    connection: &mut AnyConnection,
    day: i64,
    (warm, expired): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<DueGroup>> {
    const GROUP_HELD: &str = held!("due");
    let sql = format!(
        "select due.*, cast(case when kept = 1 or {GROUP_HELD} then 1 else 0 end as bigint) as \
         stays from (\
         select user_id, conversation_id, cast($1 as bigint) as day, cast(case when kept_at is \
         null then 0 else 1 end as bigint) as kept, \
         count(*) as entries, min(id) as first_id, max(id) as last_id from work_logs where \
         storage_status in ('hot', 'warm') and created_at >= $2 and created_at < $3 \
         and status <> 'working' and (created_at > $4 or kept_at is not null or {HELD}) \
         group by user_id, conversation_id, case when kept_at is null then 0 else 1 end having \
         max(created_at) <= $5 order by user_id, conversation_id limit $6) as due"
    );
    let query = sqlx::query_as::<_, GroupRow>(sqlx::AssertSqlSafe(sql))
        .bind(day)
        .bind(day * DAY_MS)
        .bind((day + 1) * DAY_MS);
    let read = |row: GroupRow| {
        Ok(DueGroup {
            user_id: parse_column("user_id", &row.user_id)?,
            conversation_id: parse_optional("conversation_id", row.conversation_id.as_deref())?,
            day: row.day,
            kept: row.kept != 0,
            tier: if row.stays != 0 {
                StorageStatus::Archived
            } else {
                StorageStatus::Cold
            },
            rows: row.entries,
            ids: (
                parse_column("first_id", &row.first_id)?,
                parse_column("last_id", &row.last_id)?,
            ),
        })
    };
    query
        .bind(expired.millis())
        .bind(warm.millis())
        .bind(limit)
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(read)
        .collect()
}

/// Objects with expired entries, oldest first, at most `limit`.
pub async fn expired_objects(
    connection: &mut AnyConnection,
    expired: Timestamp,
    limit: i64,
) -> Result<Vec<Manifest>> {
    let condition = format!(
        "tier in ('cold', 'archived') and kept = 0 and first_at <= $2 and not {OBJECT_HELD}"
    );
    read(
        manifests("archive_objects", &condition, limit)
            .bind(expired.millis())
            .fetch_all(connection)
            .await?,
    )
}

/// Number of entries in objects with expired entries.
pub async fn count_expired_in_objects(
    connection: &mut AnyConnection,
    expired: Timestamp,
) -> Result<i64> {
    let sql = format!(
        "select cast(coalesce(sum(entries), 0) as bigint) from archive_objects where state = \
         'active' and tier in ('cold', 'archived') \
         and kept = 0 and first_at <= $1 and not {OBJECT_HELD}"
    );
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(expired.millis())
        .fetch_one(connection)
        .await?)
}

/// Objects of one user or all with entries that can be removed from them, at most `limit`.
pub async fn objects_with_tombstones(
    connection: &mut AnyConnection,
    user: Option<UserId>,
    limit: i64,
) -> Result<Vec<Manifest>> {
    let conditions = Conditions::new(2).and("user_id = ?", user);
    let from = format!(
        "(select distinct user_id as owner, key as name from archive_holes \
         where not exists (select 1 from work_logs w \
         where w.user_id = archive_holes.user_id and w.id = entry_id){}) as holed \
         cross join archive_objects",
        conditions.sql
    );
    let query = manifests(&from, "user_id = owner and key = name", limit);
    read(
        conditions
            .values
            .into_iter()
            .fold(query, |query, value| query.bind(value))
            .fetch_all(connection)
            .await?,
    )
}

/// Whether a user has objects to rewrite or delete.
pub async fn has_unfinished_objects(connection: &mut AnyConnection, user: UserId) -> Result<bool> {
    let sql = format!(
        "select 1 where exists (select 1 from archive_holes where user_id = $1) \
         or exists (select 1 from archive_objects where user_id = $1 and {MARKED})"
    );
    Ok(sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// Objects whose tier no longer matches whether their entries expire, with the new tier; at most
/// `limit` of each.
pub async fn objects_to_retier(
    connection: &mut AnyConnection,
    limit: i64,
) -> Result<Vec<(Manifest, StorageStatus)>> {
    let objects_of_held_users = "(select distinct user_id as owner from retention_holds \
         where released_at is null) as holders cross join archive_objects";
    let held = format!("user_id = owner and tier = 'cold' and kept = 0 and {OBJECT_HELD}");
    let held = read(
        manifests(objects_of_held_users, &held, limit)
            .fetch_all(&mut *connection)
            .await?,
    )?;
    let released = format!("tier = 'archived' and kept = 0 and not {OBJECT_HELD}");
    let released = read(
        manifests("archive_objects", &released, limit)
            .fetch_all(connection)
            .await?,
    )?;
    let held = held
        .into_iter()
        .map(|manifest| (manifest, StorageStatus::Archived));
    Ok(held
        .chain(
            released
                .into_iter()
                .map(|manifest| (manifest, StorageStatus::Cold)),
        )
        .collect())
}

/// Active objects, oldest first; binds `limit` as `$1`. Where few keys of another table are joined
/// to all objects, `cross join` makes SQLite start with the keys.
fn manifests(
    from: &str,
    condition: &str,
    limit: i64,
) -> QueryAs<'static, Any, ManifestRow, AnyArguments> {
    let sql = format!(
        "select {COLUMNS} from {from} where state = 'active' and {condition} \
         order by first_at, key limit $1"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit)
}

fn read(rows: Vec<ManifestRow>) -> Result<Vec<Manifest>> {
    rows.into_iter().map(ManifestRow::read).collect()
}

/// Creation time of the oldest settled row of a tier that did not change after `since`.
pub async fn oldest_unchanged(
    connection: &mut AnyConnection,
    tier: StorageStatus,
    since: Timestamp,
) -> Result<Option<Timestamp>> {
    let sql = "select created_at from work_logs where storage_status = $1 and status <> 'working' \
               and updated_at <= $2 order by created_at limit 1";
    let oldest: Option<i64> = sqlx::query_scalar(sql)
        .bind(tier.as_str())
        .bind(since.millis())
        .fetch_optional(connection)
        .await?;
    Ok(oldest.map(Timestamp::from_millis))
}

/// Creation time of a tier's oldest entry.
pub async fn oldest(
    connection: &mut AnyConnection,
    tier: StorageStatus,
) -> Result<Option<Timestamp>> {
    let sql = match tier {
        StorageStatus::Hot | StorageStatus::Warm => {
            "select min(created_at) from work_logs where storage_status = $1"
        }
        StorageStatus::Cold | StorageStatus::Archived => {
            "select min(first_at) from archive_objects where state = 'active' and tier = $1"
        }
    };
    let oldest: Option<i64> = sqlx::query_scalar(sql)
        .bind(tier.as_str())
        .fetch_one(connection)
        .await?;
    Ok(oldest.map(Timestamp::from_millis))
}
