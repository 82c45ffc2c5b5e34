//! LISTEN and NOTIFY of PostgreSQL. What is said there are hints: the rows are the truth, and any
//! hint may be lost.

use super::{Result, Store, backend::Durability};
use crate::server::base::error::StoreError;
use sqlx::postgres::PgListener;
use std::time::Duration;

/// Longest payload, in bytes: a NOTIFY may have less than 8,000 (postgresql.org, "NOTIFY").
pub const PAYLOAD_MAX: usize = 7_900;
/// How long the connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that only listens.
pub struct ListenConnection(PgListener);

/// Something that was said.
pub struct Notification {
    /// On which channel.
    pub channel: String,
    /// What.
    pub payload: String,
}

impl ListenConnection {
    /// Listens on these channels.
    pub async fn open(url: &str, channels: &[&str]) -> Result<Self> {
        let open = async {
            let mut listener = PgListener::connect(url).await?;
            listener.listen_all(channels.iter().copied()).await?;
            Ok(Self(listener))
        };
        let late = |_| {
            StoreError::Unusable(format!(
                "no LISTEN connection within {} s",
                CONNECT_TIMEOUT.as_secs()
            ))
        };
        tokio::time::timeout(CONNECT_TIMEOUT, open)
            .await
            .map_err(late)?
    }

    /// What is said next; `None` after the connection was lost and made anew, with whatever was
    /// said meanwhile lost.
    pub async fn next(&mut self) -> Result<Option<Notification>> {
        let told = self.0.try_recv().await?;
        Ok(told.map(|told| Notification {
            channel: told.channel().to_owned(),
            payload: told.payload().to_owned(),
        }))
    }
}

impl Store {
    /// Says something to every process that listens, in a transaction of its own.
    pub async fn notify(&self, words: &[(&str, String)]) -> Result<()> {
        let mut tx = self
            .inner
            .writers
            .begin_with(self.inner.backend.begin_write(Durability::AtCommit))
            .await?;
        for (channel, payload) in words {
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
