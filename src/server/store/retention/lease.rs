//! One runner at a time. Whoever takes the lease raises the fence; every transaction of a run
//! checks that the fence is still the one it raised, so a runner that was thought dead changes
//! nothing any more.

use crate::{
    domain::time::Timestamp,
    server::store::{Result, Tx},
};

/// The number of a run; higher ones shut out lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(i64);

/// Takes the lease until `until`. `None` while somebody else has it. A lease that runs longer than
/// that was taken before the clock stepped back, and counts for nothing.
pub async fn take(tx: &mut Tx<'_>, now: Timestamp, until: Timestamp) -> Result<Option<Fence>> {
    let sql = "update retention_lease set fence = fence + 1, until = $2 where id = 1 and (until <= $1 or until > $2) returning fence";
    let fence: Option<i64> = sqlx::query_scalar(sql)
        .bind(now.millis())
        .bind(until.millis())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(fence.map(Fence))
}

/// Whether the run still has the lease. It keeps others from taking it until the end of the
/// transaction.
pub async fn holds(tx: &mut Tx<'_>, Fence(fence): Fence) -> Result<bool> {
    // who is alone writes nothing for it
    let sql = if tx.is_alone() {
        "select fence from retention_lease where id = 1 and fence = $1"
    } else {
        "select fence from retention_lease where id = 1 and fence = $1 for share"
    };
    Ok(sqlx::query_scalar::<_, i64>(sql)
        .bind(fence)
        .fetch_optional(&mut **tx)
        .await?
        .is_some())
}

/// Gives the lease back.
pub async fn give_back(tx: &mut Tx<'_>, Fence(fence): Fence) -> Result<()> {
    let sql = "update retention_lease set until = 0 where id = 1 and fence = $1";
    sqlx::query(sql).bind(fence).execute(&mut **tx).await?;
    Ok(())
}

/// Takes the lease from whoever has it: on a database of one process, a dead one.
pub async fn clear(tx: &mut Tx<'_>) -> Result<()> {
    sqlx::query("update retention_lease set fence = fence + 1, until = 0 where id = 1")
        .execute(&mut **tx)
        .await?;
    Ok(())
}
