//! Facts about the database itself.

use super::{Result, parsed};
use crate::work_log::Epoch;
use sqlx::AnyPool;

/// This life of the database; made at its first opening.
pub(super) async fn epoch(pool: &AnyPool) -> Result<Epoch> {
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).map_err(|why| super::StoreError::Unusable(format!("no randomness: {why}")))?;
    let fresh = Epoch::from_bits(u64::from_le_bytes(bits));
    let sql = "insert into meta (name, value) values ('epoch', $1) on conflict (name) do nothing";
    sqlx::query(sql).bind(fresh.to_string()).execute(pool).await?;
    let text: String = sqlx::query_scalar("select value from meta where name = 'epoch'").fetch_one(pool).await?;
    parsed("epoch", &text)
}

/// The next opening makes a new epoch.
pub(super) async fn forget_epoch(pool: &AnyPool) -> Result<()> {
    sqlx::query("delete from meta where name = 'epoch'").execute(pool).await?;
    Ok(())
}
