//! Entries in an object that do not count any more: deleted, or a row again.

use crate::{
    ids::{EntryId, UserId},
    server::store::{Result, Tx, parsed},
};
use sqlx::AnyConnection;
use std::collections::HashSet;

/// Notes that an entry of an object does not count any more. `false` when that is known.
pub async fn insert(tx: &mut Tx<'_>, user: UserId, key: &str, entry: EntryId) -> Result<bool> {
    let sql = "insert into archive_holes (user_id, key, entry_id) values ($1, $2, $3) on conflict do nothing";
    let query = sqlx::query(sql).bind(user.to_string()).bind(key).bind(entry.to_string());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

/// The entries of an object that do not count.
pub async fn of(connection: &mut AnyConnection, user: UserId, key: &str) -> Result<HashSet<EntryId>> {
    let sql = "select entry_id from archive_holes where user_id = $1 and key = $2";
    let ids: Vec<String> = sqlx::query_scalar(sql).bind(user.to_string()).bind(key).fetch_all(connection).await?;
    ids.iter().map(|id| parsed("entry_id", id)).collect()
}
