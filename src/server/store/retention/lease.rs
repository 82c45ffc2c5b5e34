//! The lease that allows one run at a time. Taking it raises the fence; every transaction of a run
//! checks that the fence is still its own, so a run that has lost the lease changes nothing.

use crate::{
    domain::time::Timestamp,
    server::store::{Result, Tx},
};

/// The fencing token of a run; each new lease has a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(i64);

/// Takes the lease until `until`. Returns `None` if it is held. A lease that ends later than
/// `until` was taken before the clock was set back and is ignored.
pub async fn take(tx: &mut Tx<'_>, now: Timestamp, until: Timestamp) -> Result<Option<Fence>> {
    let sql = "update retention_lease set fence = fence + 1, until = $2 where id = 1 and (until \
               <= $1 or until > $2) returning fence";
    let fence: Option<i64> = sqlx::query_scalar(sql)
        .bind(now.millis())
        .bind(until.millis())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(fence.map(Fence))
}

/// Whether the run still holds the lease. Keeps others from taking it until the end of the
/// transaction.
pub async fn is_held(tx: &mut Tx<'_>, Fence(fence): Fence) -> Result<bool> {
    // the sole writer needs no lock
    let sql = if tx.is_sole_writer() {
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

/// Releases the lease.
pub async fn release(tx: &mut Tx<'_>, Fence(fence): Fence) -> Result<()> {
    let sql = "update retention_lease set until = 0 where id = 1 and fence = $1";
    sqlx::query(sql).bind(fence).execute(&mut **tx).await?;
    Ok(())
}

/// Takes the lease from its holder. Only for a database of one process, at start: the holder has
/// ended.
pub async fn revoke(tx: &mut Tx<'_>) -> Result<()> {
    sqlx::query("update retention_lease set fence = fence + 1, until = 0 where id = 1")
        .execute(&mut **tx)
        .await?;
    Ok(())
}
