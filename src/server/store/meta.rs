//! Facts about the database itself.

use super::{Result, Tx, parsed};
use crate::{
    domain::{Epoch, time::Timestamp},
    server::base::error::StoreError,
};
use sqlx::{AnyConnection, AnyPool};

/// The fact that names this life of the database.
pub(super) const EPOCH: &str = "epoch";
/// The fact that a database bears while it is copied to: the epoch of the one it is copied from.
pub(super) const COPIED_FROM: &str = "copied_from";

/// This life of the database; made at its first opening.
pub(super) async fn epoch(connection: &mut AnyConnection) -> Result<Epoch> {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).map_err(|why| {
        crate::server::base::error::StoreError::Unusable(format!("no randomness: {why}"))
    })?;
    let fresh = Epoch::from_bits(u64::from_le_bytes(bits));
    let sql = "insert into meta (name, value) values ('epoch', $1) on conflict (name) do nothing";
    sqlx::query(sql)
        .bind(fresh.to_string())
        .execute(&mut *connection)
        .await?;
    let text: String = sqlx::query_scalar("select value from meta where name = 'epoch'")
        .fetch_one(connection)
        .await?;
    parsed("epoch", &text)
}

/// A fact by its name.
pub(super) async fn fact(connection: &mut AnyConnection, name: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar("select value from meta where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?)
}

/// Notes a fact under its name, in place of what was noted before.
pub(super) async fn note_fact(
    connection: &mut AnyConnection,
    name: &str,
    value: &str,
) -> Result<()> {
    let sql = "insert into meta (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
    sqlx::query(sql)
        .bind(name)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}

/// Refuses a database that is copied to and not whole yet.
pub(super) async fn refuse_half_copied(connection: &mut AnyConnection) -> Result<()> {
    match fact(connection, COPIED_FROM).await? {
        Some(_) => Err(StoreError::Unusable(
            "this database is half copied from another: finish it with `holly copy`, or drop it and make an empty one".into(),
        )),
        None => Ok(()),
    }
}

/// The next opening makes a new epoch.
pub(super) async fn forget_epoch(pool: &AnyPool) -> Result<()> {
    sqlx::query("delete from meta where name = 'epoch'")
        .execute(pool)
        .await?;
    Ok(())
}

const IN_USE_SINCE: &str = "in_use_since";

/// Since when this life of the database is in use; `now` where nobody noted that.
pub async fn in_use_since(
    connection: &mut AnyConnection,
    epoch: Epoch,
    now: Timestamp,
) -> Result<Timestamp> {
    Ok(noted_use(connection, epoch, now).await?.unwrap_or(now))
}

/// Notes that this life of the database is in use from now on, unless it was noted before.
pub async fn note_use(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    let epoch = tx.epoch();
    if noted_use(tx, epoch, now).await?.is_none() {
        note_fact(tx, IN_USE_SINCE, &format!("{epoch} {}", now.millis())).await?;
    }
    Ok(())
}

async fn noted_use(
    connection: &mut AnyConnection,
    epoch: Epoch,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let noted = fact(connection, IN_USE_SINCE).await?;
    let noted = noted
        .as_deref()
        .and_then(|noted| noted.split_once(' '))
        .filter(|(of, _)| *of == epoch.to_string());
    Ok(noted
        .and_then(|(_, millis)| millis.parse().ok())
        .map(Timestamp::from_millis)
        .filter(|since| *since <= now))
}

/// Claims what is to be done once in `every_ms` milliseconds on however many servers. `false` when
/// it was claimed already.
pub async fn claim(tx: &mut Tx<'_>, what: &str, now: Timestamp, every_ms: i64) -> Result<bool> {
    let sql = "insert into meta (name, value) values ($1, $2) \
               on conflict (name) do update set value = excluded.value where cast(meta.value as bigint) <= $3";
    let query = sqlx::query(sql)
        .bind(what)
        .bind(now.millis().to_string())
        .bind(now.plus(-every_ms).millis());
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}
