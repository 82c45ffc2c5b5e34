//! Entries in an object that do not count: deleted or a row again, or not yet deleted as a row.

use crate::{
    ids::{EntryId, UserId},
    server::store::{Result, Tx, parsed_option},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Notes that an entry of an object does not count any more. `false` when that is known.
pub async fn insert(tx: &mut Tx<'_>, user: UserId, key: &str, entry: EntryId) -> Result<bool> {
    let sql = "insert into archive_holes (user_id, key, entry_id) values ($1, $2, $3) on conflict do nothing";
    let query = sqlx::query(sql).bind(user.to_string()).bind(key).bind(entry.to_string());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// Which entries of an object do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncounted {
    holes: HashSet<EntryId>,
    /// While rows move into it: the last whose row is gone. The entries behind it are still rows.
    pub moved_to: Option<EntryId>,
}

impl Uncounted {
    /// Whether this one does not.
    pub fn contains(&self, id: &EntryId) -> bool {
        self.moved_to.is_some_and(|last| *id > last) || self.holes.contains(id)
    }
}

/// The entries of an object that do not count.
pub async fn of(connection: &mut AnyConnection, user: UserId, key: &str) -> Result<Uncounted> {
    let sql = "select o.moved_to, h.entry_id from archive_objects o left join archive_holes h on h.user_id = o.user_id and h.key = o.key \
               where o.user_id = $1 and o.key = $2";
    let rows: Vec<(Option<String>, Option<String>)> = sqlx::query_as(sql).bind(user.to_string()).bind(key).fetch_all(connection).await?;
    let mut uncounted = Uncounted::default();
    for (moved_to, hole) in rows {
        uncounted.moved_to = parsed_option("moved_to", moved_to.as_deref())?;
        uncounted.holes.extend(parsed_option::<EntryId>("entry_id", hole.as_deref())?);
    }
    Ok(uncounted)
}
