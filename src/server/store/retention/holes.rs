//! Entries in an object that do not count: deleted or a row again, or not yet deleted as a row. What is a row again stays in the
//! object until it is one no more: until then no other copy of it is in the archive, which a restored backup may need.

use crate::{
    ids::{EntryId, UserId},
    server::store::{Result, Tx, parsed_option},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

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
    /// While rows move into it: the last whose row is gone. The entries behind it are still rows.
    pub moved_to: Option<EntryId>,
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
        self.moved_to.is_some_and(|last| *id > last)
    }
}

/// The entries of an object that do not count.
pub async fn of(connection: &mut AnyConnection, user: UserId, key: &str) -> Result<Uncounted> {
    let sql = "select moved_to, h.entry_id, w.id from archive_objects \
               left join archive_holes h on h.user_id = archive_objects.user_id and h.key = archive_objects.key \
               left join work_logs w on w.user_id = h.user_id and w.id = h.entry_id \
               where archive_objects.user_id = $1 and archive_objects.key = $2";
    let query = sqlx::query_as::<_, (Option<String>, Option<String>, Option<String>)>(sql)
        .bind(user.to_string())
        .bind(key);
    let rows = query.fetch_all(connection).await?;
    let mut uncounted = Uncounted::default();
    for (moved_to, hole, row) in rows {
        uncounted.moved_to = parsed_option("moved_to", moved_to.as_deref())?;
        uncounted
            .holes
            .extend(parsed_option::<EntryId>("entry_id", hole.as_deref())?);
        uncounted
            .rows
            .extend(parsed_option::<EntryId>("id", row.as_deref())?);
    }
    Ok(uncounted)
}
