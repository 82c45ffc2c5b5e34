//! Other processes on SQLite: while the server runs, a command of the command line may disable
//! somebody or revoke a key. SQLite says by a number that another connection has committed
//! (sqlite.org, "pragma data_version"); here it is asked on the one connection that this process
//! writes with, so it moves with foreign commits only.

use super::{Result, Store, heads, outbox::Hint};
use crate::server::base::log_targets;
use std::time::Duration;

/// How often the number is asked for, while somebody listens.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Wakes everybody who listens when another process has written, until it is dropped.
pub async fn watch_others(store: Store) {
    let mut seen = store.foreign_commits().await.ok();
    loop {
        store.wakeups().until_listened().await;
        tokio::time::sleep(LOOK_EVERY).await;
        match look(&store, seen).await {
            Ok(now) => seen = Some(now),
            Err(error) => {
                tracing::warn!(
                    target: log_targets::STORE_EXTERNAL_COMMITS,
                    %error, "it could not be read whether another process has written; it is read again"
                )
            }
        }
    }
}

async fn look(store: &Store, seen: Option<i64>) -> Result<i64> {
    let now = store.foreign_commits().await?;
    if seen != Some(now) {
        let people = store.wakeups().listened_for();
        let heads = heads::of_many(&mut *store.read().await?, &people).await?;
        for user in people {
            let rev = heads
                .iter()
                .find(|(owner, _)| *owner == user)
                .map_or(0, |(_, rev)| *rev);
            store.wakeups().heard(user, Hint { rev, access: true });
        }
    }
    Ok(now)
}

impl Store {
    async fn foreign_commits(&self) -> Result<i64> {
        let sql = "select cast(data_version as bigint) from pragma_data_version";
        Ok(sqlx::query_scalar(sql)
            .fetch_one(&self.inner.writers)
            .await?)
    }
}
