//! Tombstones: entries of an object that no longer count because they were deleted or are rows
//! again. An entry that is a row again stays in the object until it is archived again or deleted,
//! because a restored backup may need its only archived copy.

use crate::{
    domain::ids::{EntryId, UserId},
    server::store::{Result, Tx, parse_column, parse_optional},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Precedes an id: all entries after that one. Migration 0012 created such tombstones for partly
/// filled objects of an earlier release.
const AFTER_PREFIX: char = '>';

/// Marks an entry of an object as no longer counted. Returns `false` if it was marked already.
pub async fn insert(tx: &mut Tx<'_>, user: UserId, key: &str, entry: EntryId) -> Result<bool> {
    let sql = "insert into archive_holes (user_id, key, entry_id) values ($1, $2, $3) on conflict \
               do nothing";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(entry.to_string());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Deletes the tombstones of an object.
pub(super) async fn delete_all(tx: &mut Tx<'_>, user: UserId, key: &str) -> Result<()> {
    let sql = "delete from archive_holes where user_id = $1 and key = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The tombstones of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncounted {
    entries: HashSet<EntryId>,
    rows: HashSet<EntryId>,
    after: Option<EntryId>,
}

impl Uncounted {
    /// Whether the entry has a tombstone.
    pub fn contains(&self, id: &EntryId) -> bool {
        self.is_after_last(id) || self.entries.contains(id)
    }

    /// Whether the entry can be removed from the object.
    pub fn is_removable(&self, id: &EntryId) -> bool {
        self.is_after_last(id) || (self.entries.contains(id) && !self.rows.contains(id))
    }

    fn is_after_last(&self, id: &EntryId) -> bool {
        self.after.is_some_and(|last| *id > last)
    }
}

/// The tombstones of an object.
pub async fn of_object(
    connection: &mut AnyConnection,
    user: UserId,
    key: &str,
) -> Result<Uncounted> {
    let sql = "select h.entry_id, w.id from archive_holes h \
               left join work_logs w on w.user_id = h.user_id and w.id = h.entry_id \
               where h.user_id = $1 and h.key = $2";
    let query = sqlx::query_as::<_, (String, Option<String>)>(sql)
        .bind(user.to_string())
        .bind(key);
    let mut uncounted = Uncounted::default();
    for (tombstone, row) in query.fetch_all(connection).await? {
        match tombstone.strip_prefix(AFTER_PREFIX) {
            Some(last) => uncounted.after = Some(parse_column("entry_id", last)?),
            None => {
                _ = uncounted
                    .entries
                    .insert(parse_column("entry_id", &tombstone)?)
            }
        }
        uncounted
            .rows
            .extend(parse_optional::<EntryId>("id", row.as_deref())?);
    }
    Ok(uncounted)
}
