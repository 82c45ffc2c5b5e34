//! Single values about the database itself, in the table `meta`.

use super::{Result, Tx, parse_column};
use crate::{
    domain::{Epoch, time::Timestamp},
    server::base::error::StoreError,
};
use sqlx::{AnyConnection, AnyPool};

/// The name of the value that identifies this database.
pub(super) const EPOCH: &str = "epoch";
/// The name of the value that marks an unfinished copy: the epoch of the source database.
pub(super) const COPIED_FROM: &str = "copied_from";

/// Reads the database's epoch, creating it at the first opening.
pub(super) async fn epoch(connection: &mut AnyConnection) -> Result<Epoch> {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits)
        .map_err(|why| StoreError::Unusable(format!("no randomness: {why}")))?;
    let fresh = Epoch::from_bits(u64::from_le_bytes(bits));
    let sql = "insert into meta (name, value) values ('epoch', $1) on conflict (name) do nothing";
    sqlx::query(sql)
        .bind(fresh.to_string())
        .execute(&mut *connection)
        .await?;
    let text: String = sqlx::query_scalar("select value from meta where name = 'epoch'")
        .fetch_one(connection)
        .await?;
    parse_column("epoch", &text)
}

/// Reads a value by name.
pub(super) async fn value(connection: &mut AnyConnection, name: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("select value from meta where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?)
}

/// Writes a value, replacing the previous one.
pub(super) async fn set_value(
    connection: &mut AnyConnection,
    name: &str,
    value: &str,
) -> Result<()> {
    let sql = "insert into meta (name, value) values ($1, $2) on conflict (name) do update set \
               value = excluded.value";
    sqlx::query(sql)
        .bind(name)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}

/// Fails if the database is the target of an unfinished copy.
pub(super) async fn refuse_unfinished_copy(connection: &mut AnyConnection) -> Result<()> {
    match value(connection, COPIED_FROM).await? {
        Some(_) => Err(StoreError::Unusable(
            "this database is an unfinished copy of another: finish it with `holly copy`, \
             or replace it by an empty one"
                .into(),
        )),
        None => Ok(()),
    }
}

/// Deletes the epoch; the next opening creates a new one.
pub(super) async fn forget_epoch(pool: &AnyPool) -> Result<()> {
    sqlx::query("delete from meta where name = 'epoch'")
        .execute(pool)
        .await?;
    Ok(())
}

const SETUP_CODE: &str = "setup_code";

/// The code that the first account needs, if one was created.
pub async fn setup_code(connection: &mut AnyConnection) -> Result<Option<String>> {
    value(connection, SETUP_CODE).await
}

/// Stores `code` unless another process has stored one, and returns the stored one.
pub async fn begin_setup(tx: &mut Tx<'_>, code: &str) -> Result<String> {
    let sql = "insert into meta (name, value) values ($1, $2) on conflict (name) do nothing";
    let query = sqlx::query(sql).bind(SETUP_CODE).bind(code);
    query.execute(&mut **tx).await?;
    Ok(setup_code(tx).await?.unwrap_or_else(|| code.to_owned()))
}

/// Deletes the code when the first account is created.
pub async fn end_setup(tx: &mut Tx<'_>) -> Result<()> {
    let query = sqlx::query("delete from meta where name = $1").bind(SETUP_CODE);
    query.execute(&mut **tx).await?;
    Ok(())
}

const AUDIT_KEY: &str = "audit_key";

/// The key of the digests in the audit log, if one was created.
pub async fn audit_key(connection: &mut AnyConnection) -> Result<Option<String>> {
    value(connection, AUDIT_KEY).await
}

/// Stores `key` unless another process has stored one, and returns the stored one.
pub async fn begin_audit(tx: &mut Tx<'_>, key: &str) -> Result<String> {
    let sql = "insert into meta (name, value) values ($1, $2) on conflict (name) do nothing";
    let query = sqlx::query(sql).bind(AUDIT_KEY).bind(key);
    query.execute(&mut **tx).await?;
    Ok(audit_key(tx).await?.unwrap_or_else(|| key.to_owned()))
}

/// Lets one transaction at a time add failed sign-ins to the audit log.
pub async fn lock_audit(tx: &mut Tx<'_>) -> Result<()> {
    let sql = "insert into meta (name, value) values ('audit_lock', '') on conflict (name) \
               do update set value = excluded.value";
    sqlx::query(sql).execute(&mut **tx).await?;
    Ok(())
}

const IN_USE_SINCE: &str = "in_use_since";

/// Since when the database is in use under this epoch; `now` if not recorded.
pub async fn in_use_since(
    connection: &mut AnyConnection,
    epoch: Epoch,
    now: Timestamp,
) -> Result<Timestamp> {
    Ok(recorded_use(connection, epoch, now).await?.unwrap_or(now))
}

/// Records that the database is in use from now on, unless it is recorded already.
pub async fn record_use(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    let epoch = tx.epoch();
    if recorded_use(tx, epoch, now).await?.is_none() {
        set_value(tx, IN_USE_SINCE, &format!("{epoch} {}", now.millis())).await?;
    }
    Ok(())
}

async fn recorded_use(
    connection: &mut AnyConnection,
    epoch: Epoch,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let recorded = value(connection, IN_USE_SINCE).await?;
    let recorded = recorded
        .as_deref()
        .and_then(|recorded| recorded.split_once(' '))
        .filter(|(of, _)| *of == epoch.to_string());
    Ok(recorded
        .and_then(|(_, millis)| millis.parse().ok())
        .map(Timestamp::from_millis)
        .filter(|since| *since <= now))
}

/// Claims a task that runs once in `every_ms` milliseconds over all servers. Returns `false` if it
/// is claimed already.
pub async fn claim(tx: &mut Tx<'_>, what: &str, now: Timestamp, every_ms: i64) -> Result<bool> {
    let sql = "insert into meta (name, value) values ($1, $2) \
               on conflict (name) do update set value = excluded.value where cast(meta.value as \
               bigint) <= $3";
    let query = sqlx::query(sql)
        .bind(what)
        .bind(now.millis().to_string())
        .bind(now.plus(-every_ms).millis());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}
