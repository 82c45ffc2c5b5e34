//! The manifest of the archive's objects. A key goes through the states `pending`, `active`,
//! `doomed` (marked for deletion) and `gone`. Objects with pending or active keys are never
//! deleted, and a doomed or gone key is never reserved, so a delayed delete never removes a live
//! object.

use super::{
    manifest::{COLUMNS, Manifest, ManifestRow, totals_json},
    tombstones,
};
use crate::{
    domain::{
        StorageStatus,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::store::{Result, Tx, conditions::Conditions, parse_column, placeholders},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Reserved keys. The second condition is for SQLite, which cannot derive it and would not use the
/// index on inactive objects.
const PENDING: &str = "state = 'pending' and state <> 'active'";
/// Objects marked for deletion; uses the same index.
pub(super) const MARKED: &str = "state = 'doomed' and state <> 'active'";

/// The result of reserving a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The key is reserved.
    Reserved,
    /// An object of that key is marked for deletion or was deleted recently.
    Deleted,
    /// An object of that key has counted entries.
    InUse,
}

/// Reserves a key for an object to be written. An active object without counted entries is
/// replaced: after restoring a backup its entries are rows again.
pub async fn reserve(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    conversation: Option<ConversationId>,
    now: Timestamp,
) -> Result<Reservation> {
    let sql = "insert into archive_objects (user_id, key, conversation_id, day, tier, kept, \
               state, entries, bytes, stored_bytes, sha256, \
               totals, first_id, last_id, first_at, last_at, archived_at) \
               values ($1, $2, $3, 0, 'cold', 0, 'pending', 0, 0, 0, '', '[]', '', '', 0, 0, $4) \
               on conflict (user_id, key) do update set archived_at = excluded.archived_at, state \
               = 'pending' where archive_objects.state = 'pending' \
               or (archive_objects.state = 'active' and archive_objects.entries = 0)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(conversation.map(|id| id.to_string()))
        .bind(now.millis());
    if query.execute(&mut **tx).await?.rows_affected() == 1 {
        tombstones::delete_all(tx, user, key).await?;
        return Ok(Reservation::Reserved);
    }
    Ok(if find(tx, user, key).await?.is_some() {
        Reservation::InUse
    } else {
        Reservation::Deleted
    })
}

/// Activates an object that was read back and verified. Returns `false` if its key is no longer
/// reserved.
pub async fn activate(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<bool> {
    let sql = "update archive_objects set state = 'active', day = $3, tier = $4, kept = $5, bytes \
               = $6, stored_bytes = $7, sha256 = $8, \
               first_id = $9, last_id = $10, first_at = $11, last_at = $12, archived_at = $13, \
               totals = $14, entries = $15, \
               damaged_at = null where user_id = $1 and key = $2 and state = 'pending'";
    let query = sqlx::query(sql)
        .bind(manifest.user_id.to_string())
        .bind(&manifest.key)
        .bind(manifest.day);
    let query = query
        .bind(manifest.tier.as_str())
        .bind(i64::from(manifest.kept))
        .bind(manifest.bytes)
        .bind(manifest.stored_bytes);
    let query = query
        .bind(&manifest.sha256)
        .bind(manifest.ids.0.to_string())
        .bind(manifest.ids.1.to_string());
    let query = query
        .bind(manifest.made.0.millis())
        .bind(manifest.made.1.millis())
        .bind(manifest.archived_at.millis());
    let query = query.bind(totals_json(manifest)?).bind(manifest.entries());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Writes the totals of the counted entries.
pub async fn write_totals(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<()> {
    let sql =
        "update archive_objects set totals = $3, entries = $4 where user_id = $1 and key = $2";
    let query = sqlx::query(sql)
        .bind(manifest.user_id.to_string())
        .bind(&manifest.key)
        .bind(totals_json(manifest)?);
    query.bind(manifest.entries()).execute(&mut **tx).await?;
    Ok(())
}

/// Changes an object's tier.
pub async fn set_tier(tx: &mut Tx<'_>, user: UserId, key: &str, tier: StorageStatus) -> Result<()> {
    let sql =
        "update archive_objects set tier = $3 where user_id = $1 and key = $2 and state = 'active'";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(tier.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes an object from reads and marks it for deletion. The caller has subtracted its entries
/// from the totals.
pub async fn mark_for_delete(tx: &mut Tx<'_>, user: UserId, key: &str) -> Result<()> {
    // its entries were rows before, so the log may contain their text
    tx.mark_text_deleted();
    let sql = "update archive_objects set state = 'doomed', entries = 0, totals = '[]', \
               damaged_at = null where user_id = $1 and key = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    tombstones::delete_all(tx, user, key).await
}

/// Marks keys that were reserved before `before` and never activated, and forgets keys that have
/// been gone since then.
pub async fn mark_abandoned(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    let mark =
        format!("update archive_objects set state = 'doomed' where {PENDING} and archived_at < $1");
    for sql in [
        mark.as_str(),
        "delete from archive_objects where state = 'gone' and state <> 'active' and archived_at < \
         $1",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(before.millis())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Marks an object without a manifest row for deletion. Returns `false` if its key is known.
pub async fn mark_orphan(tx: &mut Tx<'_>, user: UserId, key: &str, now: Timestamp) -> Result<bool> {
    mark_key(tx, user, key, now, "('gone')").await
}

/// Marks an object that was written but will not be activated. Returns `false` if it is active.
pub async fn mark_unlisted(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<bool> {
    mark_key(tx, user, key, now, "('pending', 'doomed', 'gone')").await
}

async fn mark_key(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    now: Timestamp,
    states: &str,
) -> Result<bool> {
    let sql = format!(
        "insert into archive_objects (user_id, key, day, tier, kept, state, entries, bytes, \
         stored_bytes, sha256, totals, first_id, \
         last_id, first_at, last_at, archived_at) values ($1, $2, 0, 'cold', 0, 'doomed', 0, 0, \
         0, '', '[]', '', '', 0, 0, $3) \
         on conflict (user_id, key) do update set state = 'doomed' where archive_objects.state in \
         {states}"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(key)
        .bind(now.millis());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Records that a marked object is deleted. Its key stays until a delayed delete is no longer
/// possible, unless the user is deleted.
pub async fn record_deleted(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = "update archive_objects set state = 'gone', archived_at = $3 where user_id = $1 and \
               key = $2 and state = 'doomed' and exists (select 1 from users where id = $1)";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(now.millis())
        .execute(&mut **tx)
        .await?;
    let sql = "delete from archive_objects where user_id = $1 and key = $2 and state = 'doomed'";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets a deleted user's keys that are gone.
pub async fn delete_gone(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let sql =
        "delete from archive_objects where user_id = $1 and state = 'gone' and state <> 'active'";
    sqlx::query(sql)
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether an object is marked for deletion.
pub async fn is_marked_for_delete(
    connection: &mut AnyConnection,
    user: UserId,
    key: &str,
) -> Result<bool> {
    let sql = "select 1 from archive_objects where user_id = $1 and key = $2 and state = 'doomed'";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .bind(key)
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// Objects of one user or all marked for deletion, oldest first, at most `limit`.
pub async fn marked_for_delete(
    connection: &mut AnyConnection,
    user: Option<UserId>,
    limit: i64,
) -> Result<Vec<(UserId, String)>> {
    let conditions = Conditions::new(2).and("user_id = ?", user);
    let sql = format!(
        "select user_id, key from archive_objects where {MARKED}{} order by archived_at, key \
         limit $1",
        conditions.sql
    );
    let query = sqlx::query_as::<_, (String, String)>(sqlx::AssertSqlSafe(sql)).bind(limit);
    let rows = conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(user, key)| Ok((parse_column("user_id", &user)?, key)))
        .collect()
}

/// An active object.
pub async fn find(
    connection: &mut AnyConnection,
    user: UserId,
    key: &str,
) -> Result<Option<Manifest>> {
    let sql = format!(
        "select {COLUMNS} from archive_objects where user_id = $1 and key = $2 and state = 'active'"
    );
    let query = sqlx::query_as::<_, ManifestRow>(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(key);
    query
        .fetch_optional(connection)
        .await?
        .map(ManifestRow::read)
        .transpose()
}

/// Which of these keys are in the manifest and not gone.
pub async fn known(
    connection: &mut AnyConnection,
    user: UserId,
    keys: &[String],
) -> Result<HashSet<String>> {
    const BATCH_SIZE: usize = 500;
    let mut known = HashSet::new();
    for keys in keys.chunks(BATCH_SIZE) {
        let list = placeholders(2, 1, keys.len(), "");
        let sql = sqlx::AssertSqlSafe(format!(
            "select key from archive_objects where user_id = $1 and key in {list} and state <> \
             'gone'"
        ));
        let query = sqlx::query_scalar::<_, String>(sql).bind(user.to_string());
        known.extend(
            keys.iter()
                .fold(query, |query, key| query.bind(key))
                .fetch_all(&mut *connection)
                .await?,
        );
    }
    Ok(known)
}

/// Number of active objects.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    Ok(
        sqlx::query_scalar("select count(*) from archive_objects where state = 'active'")
            .fetch_one(connection)
            .await?,
    )
}

/// Whether the user has an active object whose range of ids includes this one.
pub async fn covers(connection: &mut AnyConnection, user: UserId, id: EntryId) -> Result<bool> {
    let sql = "select 1 from archive_objects where user_id = $1 and state = 'active' and first_id \
               <= $2 and last_id >= $2 limit 1";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// A user's active objects, of one conversation or all.
pub async fn of_user(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<Vec<Manifest>> {
    let conditions = Conditions::new(2).and("conversation_id = ?", conversation);
    let sql = format!(
        "select {COLUMNS} from archive_objects where user_id = $1{} and state = 'active' order by \
         key",
        conditions.sql
    );
    let query = sqlx::query_as::<_, ManifestRow>(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    let rows = conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(ManifestRow::read).collect()
}

/// Marks reserved keys of a conversation, or all of a user's: an object under them may contain what
/// is being erased.
pub async fn mark_pending(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<()> {
    let conditions = Conditions::new(2).and("conversation_id = ?", conversation);
    let sql = format!(
        "update archive_objects set state = 'doomed' where user_id = $1{} and {PENDING}",
        conditions.sql
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    conditions
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
