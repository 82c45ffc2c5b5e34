//! The SQL of retention: what is due (`due`), rows (`rows`), the archive's objects (`objects`,
//! `manifest`, `archived_objects`), their tombstones (`tombstones`) and damage (`damage`), erasures
//! (`erasures`), the lease (`lease`) and past runs (`runs`). Runs work on all users' rows; every
//! change names the owner.

pub mod archived_objects;
pub mod damage;
pub mod due;
pub mod erasures;
pub mod lease;
pub mod manifest;
pub mod objects;
pub mod rows;
pub mod runs;
pub mod tombstones;

use super::Result;
use sqlx::AnyConnection;

/// Sets the ages at which tiers end, in days: hot, warm, cold. They apply to all entries at once.
pub async fn set_policy(connection: &mut AnyConnection, [hot, warm, cold]: [i64; 3]) -> Result<()> {
    let sql = "update retention_policy set hot_days = $1, warm_days = $2, cold_days = $3 \
               where id = 1 and (hot_days <> $1 or warm_days <> $2 or cold_days <> $3)";
    sqlx::query(sql)
        .bind(hot)
        .bind(warm)
        .bind(cold)
        .execute(connection)
        .await?;
    Ok(())
}
