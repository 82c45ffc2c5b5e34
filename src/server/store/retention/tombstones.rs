//! Tombstones: entries in an object that do not count, for they are deleted or a row again. What is
//! a row again stays in the object until it is one no more: until then no other copy of it is in
//! the archive, which a restored backup may need.

use crate::{
    domain::ids::{EntryId, UserId},
    server::store::{Result, Tx, parsed, parsed_option},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Before an id: all entries behind that one. Migration 0012 leaves such a tombstone for an object
/// that an earlier release had half filled.
const BEHIND: char = '>';

/// Notes that an entry of an object does not count any more. `false` when that is known.
pub async fn insert(tx: &mut Tx<'_>, user: UserId, key: &str, entry: EntryId) -> Result<bool> {
    let sql = "insert into archive_holes (user_id, key, entry_id) values ($1, $2, $3) on conflict do nothing";
    let query = sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .bind(entry.to_string());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Forgets which entries of an object do not count.
pub(super) async fn forget(tx: &mut Tx<'_>, user: UserId, key: &str) -> Result<()> {
    let sql = "delete from archive_holes where user_id = $1 and key = $2";
    sqlx::query(sql)
        .bind(user.to_string())
        .bind(key)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Which entries of an object do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncounted {
    holes: HashSet<EntryId>,
    rows: HashSet<EntryId>,
    behind: Option<EntryId>,
}

impl Uncounted {
    /// Whether this one does not.
    pub fn contains(&self, id: &EntryId) -> bool {
        self.is_behind(id) || self.holes.contains(id)
    }

    /// Whether this one need not stay in the object.
    pub fn may_go(&self, id: &EntryId) -> bool {
        self.is_behind(id) || (self.holes.contains(id) && !self.rows.contains(id))
    }

    fn is_behind(&self, id: &EntryId) -> bool {
        self.behind.is_some_and(|last| *id > last)
    }
}

/// The entries of an object that do not count.
pub async fn of(connection: &mut AnyConnection, user: UserId, key: &str) -> Result<Uncounted> {
    let sql = "select h.entry_id, w.id from archive_holes h \
               left join work_logs w on w.user_id = h.user_id and w.id = h.entry_id \
               where h.user_id = $1 and h.key = $2";
    let query = sqlx::query_as::<_, (String, Option<String>)>(sql)
        .bind(user.to_string())
        .bind(key);
    let mut uncounted = Uncounted::default();
    for (hole, row) in query.fetch_all(connection).await? {
        match hole.strip_prefix(BEHIND) {
            Some(last) => uncounted.behind = Some(parsed("entry_id", last)?),
            None => _ = uncounted.holes.insert(parsed("entry_id", &hole)?),
        }
        uncounted
            .rows
            .extend(parsed_option::<EntryId>("id", row.as_deref())?);
    }
    Ok(uncounted)
}
