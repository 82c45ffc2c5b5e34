//! Approvals from before each had a row of its own: what still waits is settled once, after the
//! migration that adds the rows.

use super::{Result, Store, approvals, meta, parse_column, work_logs};
use crate::domain::{
    Approval, Status,
    ids::{EntryId, UserId},
};
use serde_json::json;

/// The name in `meta` that says that there may be some; set by migration 14.
const OLD_APPROVALS: &str = "old_approvals";
/// Entries read at once.
const BATCH_SIZE: i64 = 200;

/// Settles them as lapsed, each in a transaction of its own with a new revision. Repeated after an
/// interruption.
pub(super) async fn settle(store: &Store) -> Result<()> {
    if meta::value(&mut *store.connection().await?, OLD_APPROVALS)
        .await?
        .is_none()
    {
        return Ok(());
    }
    let mut after = (String::new(), String::new());
    loop {
        let sql = "select user_id, id from work_logs where status = 'working' and \
                   (user_id, id) > ($1, $2) order by user_id, id limit $3";
        let rows: Vec<(String, String)> = sqlx::query_as(sql)
            .bind(&after.0)
            .bind(&after.1)
            .bind(BATCH_SIZE)
            .fetch_all(&mut *store.connection().await?)
            .await?;
        let Some(last) = rows.last().cloned() else {
            break;
        };
        after = last;
        for (user, id) in rows {
            let (user, id) = (parse_column("user_id", &user)?, parse_column("id", &id)?);
            settle_entry(store, user, id).await?;
        }
    }
    let mut tx = store.begin().await?;
    sqlx::query("delete from meta where name = $1")
        .bind(OLD_APPROVALS)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Settles one entry if it waits for an approval without a row.
async fn settle_entry(store: &Store, user: UserId, id: EntryId) -> Result<()> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let Some(before) = work_logs::find(&mut tx, user, id).await? else {
        return Ok(());
    };
    let Some(Approval::Waiting { until }) = before.metadata.approval() else {
        return Ok(());
    };
    if before.status != Status::Working {
        return Ok(());
    }
    if approvals::find(&mut tx, user, id).await?.is_some() {
        return Ok(());
    }
    let mut entry = before.clone();
    let lapsed = json!(Approval::Lapsed { at: until });
    entry.metadata = entry.metadata.with("approval", lapsed);
    entry.status = Status::Warning;
    work_logs::update(&mut tx, &before, &mut entry, None).await?;
    tx.commit().await
}
