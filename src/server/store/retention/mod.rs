//! Retention's SQL: what is due (`due`), rows that change their tier (`rows`), the objects of the
//! archive (`objects`; one of them as it is read whole is a `manifest`, as lists read it one of the
//! `shelves`), their entries that do not count any more (`holes`) and those that cannot be read
//! (`damage`), what does not expire (`holds`), what was erased (`erasures`), who may run (`lease`),
//! and what was done (`runs`). Runs go over everybody's rows; every change names the owner.

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

/// Writes the ages at which tiers end, in days: hot, warm, cold. From the next statement on every
/// entry expires by them.
pub async fn declare_policy(
    connection: &mut AnyConnection,
    [hot, warm, cold]: [i64; 3],
) -> Result<()> {
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
