//! PostgreSQL's LISTEN and NOTIFY. Notifications are hints and may be lost; the rows are
//! authoritative.

use super::{Result, Store, backend::Durability};
use crate::server::base::error::StoreError;
use sqlx::postgres::PgListener;
use std::time::Duration;

/// Longest payload in bytes; NOTIFY allows less than 8,000 (postgresql.org, "NOTIFY").
pub const PAYLOAD_MAX: usize = 7_900;
/// Limit for opening the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection used only for LISTEN.
pub struct ListenConnection(PgListener);

/// A received notification.
pub struct Notification {
    /// Its channel.
    pub channel: String,
    /// Its payload.
    pub payload: String,
}

impl ListenConnection {
    /// Connects and listens on `channels`.
    pub async fn open(url: &str, channels: &[&str]) -> Result<Self> {
        let open = async {
            let mut listener = PgListener::connect(url).await?;
            listener.listen_all(channels.iter().copied()).await?;
            Ok(Self(listener))
        };
        let timed_out = |_| {
            StoreError::Unusable(format!(
                "cannot open a LISTEN connection within {} s",
                CONNECT_TIMEOUT.as_secs()
            ))
        };
        tokio::time::timeout(CONNECT_TIMEOUT, open)
            .await
            .map_err(timed_out)?
    }

    /// Waits for the next notification. Returns `None` after a reconnect, during which
    /// notifications may have been lost.
    pub async fn next(&mut self) -> Result<Option<Notification>> {
        let notification = self.0.try_recv().await?;
        Ok(notification.map(|notification| Notification {
            channel: notification.channel().to_owned(),
            payload: notification.payload().to_owned(),
        }))
    }
}

impl Store {
    /// Sends (channel, payload) pairs to all listening processes, in one transaction.
    pub async fn notify(&self, notifications: &[(&str, String)]) -> Result<()> {
        let mut tx = self
            .inner
            .writers
            .begin_with(self.inner.backend.begin_write(Durability::AtCommit))
            .await?;
        for (channel, payload) in notifications {
            let sql = "select cast(pg_notify($1, $2) as text)";
            sqlx::query(sql)
                .bind(*channel)
                .bind(payload)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}
