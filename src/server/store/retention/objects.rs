//! The manifest. A name goes `pending` → `active` → `marked_for_delete` → `gone`: nothing is deleted whose
//! name is pending or active, and no name is taken that is doomed or gone, so a deletion that comes
//! late never meets an object that is needed.

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
    server::store::{Result, Tx, conditions::Conditions, marks, parsed},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Names that are reserved. The index is of what is not active, which SQLite does not conclude by
/// itself.
const PENDING: &str = "state = 'pending' and state <> 'active'";
/// Objects that are to be deleted; the same index.
pub(super) const DOOMED: &str = "state = 'doomed' and state <> 'active'";

/// How taking a name went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It is taken.
    Taken,
    /// An object of that name is to be deleted, or was a while ago.
    WasDoomed,
    /// An object of that name has entries that count.
    InUse,
}

/// Takes a name for an object that is about to be put. One that is listed and has no entry that
/// counts holds what is to be put: a restored backup has its entries as rows.
pub async fn reserve(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    conversation: Option<ConversationId>,
    now: Timestamp,
) -> Result<Reservation> {
    let sql = "insert into archive_objects (user_id, key, conversation_id, day, tier, kept, state, entries, bytes, stored_bytes, sha256, \
               totals, first_id, last_id, first_at, last_at, archived_at) \
               values ($1, $2, $3, 0, 'cold', 0, 'pending', 0, 0, 0, '', '[]', '', '', 0, 0, $4) \
               on conflict (user_id, key) do update set archived_at = excluded.archived_at, state = 'pending' \
               where archive_objects.state = 'pending' \
               or (archive_objects.state = 'active' and archive_objects.entries = 0)";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(conversation.map(|id| id.to_string()))
        .bind(now.millis());
    if query.execute(&mut **tx).await?.rows_affected() == 1 {
        tombstones::forget(tx, user, key).await?;
        return Ok(Reservation::Taken);
    }
    Ok(if find(tx, user, key).await?.is_some() {
        Reservation::InUse
    } else {
        Reservation::WasDoomed
    })
}

/// Lists an object that was read back and compared. `false` when its name is not reserved any more.
pub async fn activate(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<bool> {
    let sql = "update archive_objects set state = 'active', day = $3, tier = $4, kept = $5, bytes = $6, stored_bytes = $7, sha256 = $8, \
               first_id = $9, last_id = $10, first_at = $11, last_at = $12, archived_at = $13, totals = $14, entries = $15, \
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

/// Writes the totals of the entries that count.
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

/// Moves an object to another tier.
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

/// Takes an object out of reading; it is to be deleted. The caller has counted its entries out.
pub async fn mark_for_delete(tx: &mut Tx<'_>, user: UserId, key: &str) -> Result<()> {
    // its entries were rows once
    tx.leaves_text();
    let sql = "update archive_objects set state = 'doomed', entries = 0, totals = '[]', damaged_at = null where user_id = $1 and key = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    tombstones::forget(tx, user, key).await
}

/// Dooms names that were reserved before `before` and never came to anything, and forgets those
/// that have been gone since then.
pub async fn doom_abandoned(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    let doom =
        format!("update archive_objects set state = 'doomed' where {PENDING} and archived_at < $1");
    for sql in [
        doom.as_str(),
        "delete from archive_objects where state = 'gone' and state <> 'active' and archived_at < $1",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(before.millis())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Notes an object that no manifest row names, so that it may be deleted. `false` when its name is
/// known after all.
pub async fn doom_orphan(tx: &mut Tx<'_>, user: UserId, key: &str, now: Timestamp) -> Result<bool> {
    doom_name(tx, user, key, now, "('gone')").await
}

/// Notes an object that was put and is not to be listed, so that it may be deleted. `false` when it
/// is listed after all.
pub async fn doom_unlisted(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<bool> {
    doom_name(tx, user, key, now, "('pending', 'doomed', 'gone')").await
}

async fn doom_name(
    tx: &mut Tx<'_>,
    user: UserId,
    key: &str,
    now: Timestamp,
    over: &str,
) -> Result<bool> {
    let sql = format!(
        "insert into archive_objects (user_id, key, day, tier, kept, state, entries, bytes, stored_bytes, sha256, totals, first_id, \
         last_id, first_at, last_at, archived_at) values ($1, $2, 0, 'cold', 0, 'doomed', 0, 0, 0, '', '[]', '', '', 0, 0, $3) \
         on conflict (user_id, key) do update set state = 'doomed' where archive_objects.state in {over}"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(user.to_string())
        .bind(key)
        .bind(now.millis());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Notes that a doomed object is deleted. Its name is not taken again as long as a deletion might
/// come late; of a person who is gone nothing stays.
pub async fn note_gone(tx: &mut Tx<'_>, user: UserId, key: &str, now: Timestamp) -> Result<()> {
    let sql = "update archive_objects set state = 'gone', archived_at = $3 where user_id = $1 and key = $2 and state = 'doomed' \
               and exists (select 1 from users where id = $1)";
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

/// Forgets a person's names that are gone, with the person.
pub async fn forget_gone(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let sql =
        "delete from archive_objects where user_id = $1 and state = 'gone' and state <> 'active'";
    sqlx::query(sql)
        .bind(user.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether an object is to be deleted.
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

/// Objects that are to be deleted, of one person or of everybody, the longest known first, at most
/// `limit`.
pub async fn marked_for_delete(
    connection: &mut AnyConnection,
    user: Option<UserId>,
    limit: i64,
) -> Result<Vec<(UserId, String)>> {
    let asked = Conditions::from(2).and("user_id = ?", user);
    let sql = format!(
        "select user_id, key from archive_objects where {DOOMED}{} order by archived_at, key limit $1",
        asked.sql
    );
    let query = sqlx::query_as::<_, (String, String)>(sqlx::AssertSqlSafe(sql)).bind(limit);
    let rows = asked
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(user, key)| Ok((parsed("user_id", &user)?, key)))
        .collect()
}

/// An object in use.
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

/// Which of these names are those of objects that are there, or are about to be.
pub async fn known(
    connection: &mut AnyConnection,
    user: UserId,
    keys: &[String],
) -> Result<HashSet<String>> {
    const AT_ONCE: usize = 500;
    let mut known = HashSet::new();
    for keys in keys.chunks(AT_ONCE) {
        let places = marks(2, 1, keys.len(), "");
        let sql = sqlx::AssertSqlSafe(format!(
            "select key from archive_objects where user_id = $1 and key in {places} and state <> 'gone'"
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

/// How many objects are in use.
pub async fn count(connection: &mut AnyConnection) -> Result<i64> {
    Ok(
        sqlx::query_scalar("select count(*) from archive_objects where state = 'active'")
            .fetch_one(connection)
            .await?,
    )
}

/// Whether the person has an object in use that reaches over this id, so that it may hold the
/// entry.
pub async fn reaches(connection: &mut AnyConnection, user: UserId, id: EntryId) -> Result<bool> {
    let sql = "select 1 from archive_objects where user_id = $1 and state = 'active' and first_id <= $2 and last_id >= $2 limit 1";
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(user.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
        .is_some())
}

/// A person's objects in use, of one conversation or of all.
pub async fn of_user(
    connection: &mut AnyConnection,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<Vec<Manifest>> {
    let asked = Conditions::from(2).and("conversation_id = ?", conversation);
    let sql = format!(
        "select {COLUMNS} from archive_objects where user_id = $1{} and state = 'active' order by key",
        asked.sql
    );
    let query = sqlx::query_as::<_, ManifestRow>(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    let rows = asked
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(ManifestRow::read).collect()
}

/// Dooms names that are reserved in a conversation, or all of a person's: an object under them may
/// hold what is erased now.
pub async fn doom_pending(
    tx: &mut Tx<'_>,
    user: UserId,
    conversation: Option<ConversationId>,
) -> Result<()> {
    let asked = Conditions::from(2).and("conversation_id = ?", conversation);
    let sql = format!(
        "update archive_objects set state = 'doomed' where user_id = $1{} and {PENDING}",
        asked.sql
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user.to_string());
    asked
        .values
        .into_iter()
        .fold(query, |query, value| query.bind(value))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
