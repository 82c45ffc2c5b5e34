//! Saying to other processes what they must look at, and the words of answers they want. Never
//! inside a writing transaction.

use super::{ANSWERS, Cluster, HINTS, payload};
use crate::{
    domain::ids::UserId,
    server::{
        base::log_targets,
        store::{Outgoing, Result},
    },
};
use std::{collections::HashSet, time::Duration};
use tokio::time::Instant;

/// Hints of so long are sent together.
const GATHER: Duration = Duration::from_millis(5);
/// Words of so long are sent together.
const GATHER_WORDS: Duration = Duration::from_millis(200);

impl Cluster {
    /// Tells other processes what was committed here, and what is wanted here, until it is dropped.
    pub async fn tell(self) {
        loop {
            let mail = self.store.wakeups().outbox().next_outgoing().await;
            if let Err(error) = self.store.notify(&self.words(mail)).await {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER_NOTIFY,
                    %error, "other processes were not told; they will look by themselves"
                );
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Tells other processes what was gathered so far, for a command that ends then.
    pub async fn tell_now(&self) -> Result<()> {
        self.store
            .notify(&self.words(self.store.wakeups().outbox().take()))
            .await
    }

    fn words(&self, mail: Outgoing) -> Vec<(&'static str, String)> {
        let listened = || self.store.wakeups().subscribed_users();
        let came: Vec<UserId> = mail.subscribed.into_iter().collect();
        let wants =
            |users: &[UserId], anew, hello| payload::wants(&self.origin, users, anew, hello);
        let mut wanted = match (mail.request_subscriptions, mail.renew) {
            (true, _) => wants(&listened(), true, true),
            (false, true) => wants(&listened(), false, false),
            (false, false) => Vec::new(),
        };
        if !mail.request_subscriptions && !came.is_empty() {
            wanted.extend(wants(&came, true, false));
        }
        if mail.ping && wanted.is_empty() {
            wanted = wants(&[], false, false);
        }
        let hints = payload::hints(&self.origin, &mail.hints)
            .into_iter()
            .map(|payload| (HINTS, payload));
        hints
            .chain(wanted.into_iter().map(|payload| (ANSWERS, payload)))
            .collect()
    }

    /// Tells the words of answers that grow here to the processes that want them, until it is
    /// dropped.
    pub async fn tell_words(self) {
        loop {
            let grown = self.store.wakeups().outbox().next_grown().await;
            if let Err(error) = self.tell_grown(&grown).await {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER_NOTIFY,
                    %error, "other processes were not told of an answer; they will read it"
                );
            }
            tokio::time::sleep(GATHER_WORDS).await;
        }
    }

    /// Tells what has grown of these people's answers, where another process wants it.
    pub async fn tell_grown(&self, grown: &HashSet<UserId>) -> Result<()> {
        let (answers, now) = (&self.feed.answers, Instant::now());
        let told = self.wanted.told(&answers.written_here());
        let pieces: Vec<_> = grown
            .iter()
            .filter(|user| self.wanted.wants(**user, now))
            .flat_map(|user| answers.untold(*user, &told))
            .collect();
        if pieces.is_empty() {
            return Ok(());
        }
        let words: Vec<_> = pieces
            .iter()
            .flat_map(|piece| payload::text(&self.origin, piece))
            .map(|payload| (ANSWERS, payload))
            .collect();
        for piece in &pieces {
            self.wanted
                .tell(piece.message, piece.offset + piece.text.len());
        }
        self.store.notify(&words).await
    }
}
