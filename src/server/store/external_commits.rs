//! Detects commits of other processes on SQLite: a command may disable a user or revoke a key while
//! the server runs. `pragma data_version` (sqlite.org) changes when another connection commits. It
//! is read on the only write connection of this process, so it changes for external commits only.

use super::{Result, Store, heads, outbox::Hint};
use crate::server::base::log_targets;
use std::time::Duration;

/// How often the version is read while there are subscribers.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Wakes all subscribers when another process has committed; runs until it is dropped.
pub async fn watch_external_commits(store: Store) {
    let mut last = store.data_version().await.ok();
    loop {
        store.wakeups().wait_for_subscriber().await;
        tokio::time::sleep(POLL_INTERVAL).await;
        match wake_if_changed(&store, last).await {
            Ok(now) => last = Some(now),
            Err(error) => {
                tracing::warn!(
                    target: log_targets::STORE_EXTERNAL_COMMITS,
                    %error, "cannot check for commits of other processes; retrying"
                )
            }
        }
    }
}

async fn wake_if_changed(store: &Store, last: Option<i64>) -> Result<i64> {
    let now = store.data_version().await?;
    if last != Some(now) {
        let users = store.wakeups().subscribed_users();
        let heads = heads::find_many(&mut *store.read().await?, &users).await?;
        for user in users {
            let rev = heads
                .iter()
                .find(|(owner, _)| *owner == user)
                .map_or(0, |(_, rev)| *rev);
            store.wakeups().receive_hint(
                user,
                Hint {
                    rev,
                    access: true,
                    part: false,
                },
            );
        }
    }
    Ok(now)
}

impl Store {
    async fn data_version(&self) -> Result<i64> {
        let sql = "select cast(data_version as bigint) from pragma_data_version";
        Ok(sqlx::query_scalar(sql)
            .fetch_one(&self.inner.writers)
            .await?)
    }
}
