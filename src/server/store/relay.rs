//! Hints from process to process on PostgreSQL: "this person's feed has moved". The database is the truth and a hint may
//! be lost: a slow look at the heads of those somebody listens for makes up for it. While nobody listens, neither the
//! LISTEN connection nor the look is there, so that a database that sleeps can sleep.

use super::{Result, Store, heads, wakeups::Hint};
use crate::ids::UserId;
use sqlx::postgres::PgListener;
use std::{collections::HashMap, time::Duration};

const CHANNEL: &str = "holly";
/// Longest payload of a NOTIFY is 8,000 bytes (postgresql.org, "NOTIFY").
const PAYLOAD_MAX: usize = 7_900;
/// Hints of so long are sent together.
const GATHER: Duration = Duration::from_millis(5);
/// How often the heads are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long after a failure the connection is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often it is asked whether anybody still listens.
const STILL_LISTENED: Duration = Duration::from_secs(30);

/// This process's end.
#[derive(Clone)]
pub struct Relay {
    store: Store,
    listen_url: String,
    /// Names this process in its own hints.
    origin: String,
}

impl Relay {
    /// A relay for `store` that listens over `listen_url`: past a pooler that shares connections by transaction, LISTEN
    /// hears nothing. `origin` must differ from process to process.
    pub fn new(store: Store, listen_url: &str, origin: &str) -> Self {
        store.wakeups().gather_hints();
        Self { store, listen_url: listen_url.to_owned(), origin: origin.to_owned() }
    }

    /// Tells other processes what was committed here, until it is dropped. Never inside a writing transaction.
    pub async fn tell(self) {
        loop {
            let hints = self.store.wakeups().hints().await;
            if let Err(error) = self.send(&hints).await {
                tracing::warn!(%error, "other processes were not told; they will look by themselves");
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Tells other processes what was gathered so far, for a command that ends then.
    pub async fn tell_now(&self) -> Result<()> {
        self.send(&self.store.wakeups().take_hints()).await
    }

    async fn send(&self, hints: &HashMap<UserId, Hint>) -> Result<()> {
        for payload in payloads(&self.origin, hints) {
            self.store.notify(CHANNEL, &payload).await?;
        }
        Ok(())
    }

    /// Hears what other processes tell, while somebody listens here, until it is dropped.
    pub async fn hear(self) {
        loop {
            self.store.wakeups().until_listened().await;
            if let Err(error) = self.hear_while_listened().await {
                tracing::warn!(%error, "the LISTEN connection failed; it is made anew");
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    async fn hear_while_listened(&self) -> Result<()> {
        let mut listener = PgListener::connect(&self.listen_url).await?;
        listener.listen(CHANNEL).await?;
        self.look().await?;
        while self.store.wakeups().listeners() > 0 {
            match tokio::time::timeout(STILL_LISTENED, listener.try_recv()).await {
                Ok(Ok(Some(told))) => self.take(told.payload()),
                // the connection was lost and made anew: what was told meanwhile is looked up
                Ok(Ok(None)) => self.look().await?,
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Looks at the heads of those somebody listens for, every second while there are any, until it is dropped.
    pub async fn watch(self) {
        loop {
            self.store.wakeups().until_listened().await;
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the heads could not be read; they are read again");
            }
        }
    }

    /// One look at the heads.
    pub async fn look(&self) -> Result<()> {
        let people = self.store.wakeups().listened_for();
        if people.is_empty() {
            return Ok(());
        }
        for (user, rev) in heads::of_many(&mut *self.store.read().await?, &people).await? {
            self.store.wakeups().heard(user, Hint { rev, access: false });
        }
        Ok(())
    }

    fn take(&self, payload: &str) {
        for (user, hint) in told(&self.origin, payload) {
            self.store.wakeups().heard(user, hint);
        }
    }
}

/// The hints as texts of at most [`PAYLOAD_MAX`] bytes: the origin, then `user:rev:access` for each person.
fn payloads(origin: &str, hints: &HashMap<UserId, Hint>) -> Vec<String> {
    let mut payloads = vec![origin.to_owned()];
    for (user, hint) in hints {
        let word = format!(" {user}:{}:{}", hint.rev, u8::from(hint.access));
        match payloads.last_mut() {
            Some(last) if last.len() + word.len() <= PAYLOAD_MAX => last.push_str(&word),
            _ => payloads.push(format!("{origin}{word}")),
        }
    }
    payloads
}

/// What another process told; nothing of our own, and nothing that does not read.
fn told(origin: &str, payload: &str) -> Vec<(UserId, Hint)> {
    let mut words = payload.split(' ');
    if words.next() == Some(origin) {
        return Vec::new();
    }
    let hint = |word: &str| {
        let mut parts = word.split(':');
        let user = parts.next()?.parse().ok()?;
        let rev = parts.next()?.parse().ok()?;
        Some((user, Hint { rev, access: parts.next()? == "1" }))
    };
    words.filter_map(hint).collect()
}

impl Store {
    /// Tells every process that listens.
    async fn notify(&self, channel: &str, payload: &str) -> Result<()> {
        let sql = "select cast(pg_notify($1, $2) as text)";
        sqlx::query(sql).bind(channel).bind(payload).execute(&self.inner.writers).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn hints_read_what_they_write_and_pass_over_their_own_and_nonsense() {
        let hints: HashMap<UserId, Hint> =
            (0..400).map(|n| (UserId::from_uuid(Uuid::from_u128(n)), Hint { rev: n as i64, access: n % 2 == 0 })).collect();
        let payloads = payloads("me", &hints);
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() <= PAYLOAD_MAX));
        let read: HashMap<UserId, Hint> = payloads.iter().flat_map(|payload| told("you", payload)).collect();
        assert_eq!(read, hints);
        assert_eq!(payloads.iter().flat_map(|payload| told("me", payload)).count(), 0);
        assert_eq!(told("me", "you x:1:0 :: 7").len(), 0);
    }
}
