//! The one LISTEN connection, there while somebody listens. What this process says comes back on it
//! too: that is how it is known to work, also through poolers and networks that lose what is said
//! without a word.

use super::{
    ANSWERS, Cluster, HINTS,
    payload::{self, AnswerSignal},
};
use crate::{
    domain::ids::UserId,
    server::{
        base::{error::StoreError, log_targets},
        feed::{AnswerDelta, DeltaOutcome},
        store::{ListenConnection, Notification, Result},
    },
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Every so many beats it is said again whose answers are wanted.
const RENEW_BEATS: u32 = 6;
/// An answer that did not grow for so long is forgotten; its text asks for what came before.
const FORGET_AFTER: Duration = Duration::from_secs(60);

impl Cluster {
    /// Hears what other processes tell, while somebody listens here, until it is dropped.
    pub async fn hear(self) {
        loop {
            self.store.wakeups().wait_for_subscriber().await;
            let ended = self.hear_while_listened().await;
            self.hears.send_replace(false);
            if let Err(error) = ended {
                tracing::warn!(
                    target: log_targets::FEED_CLUSTER_LISTEN,
                    %error, "the LISTEN connection failed; it is made anew, and the heads are looked at meanwhile"
                );
                tokio::time::sleep(self.pace.look).await;
            }
        }
    }

    async fn hear_while_listened(&self) -> Result<()> {
        let mut listener = ListenConnection::open(&self.listen_url, &[HINTS, ANSWERS]).await?;
        self.begin_to_hear().await?;
        let (mut beats, mut heard, mut beat_at) = (0, false, Instant::now() + self.pace.beat);
        loop {
            tokio::select! {
                biased;
                () = sleep_until(beat_at) => {
                    if !heard {
                        return Err(StoreError::Unusable("nothing is heard on it, not even what was said here".to_owned()));
                    }
                    if self.store.wakeups().subscriber_count() == 0 {
                        return Ok(());
                    }
                    (beats, heard, beat_at) = (beats + 1, false, Instant::now() + self.pace.beat);
                    self.beat(beats).await?;
                }
                told = listener.next() => match told? {
                    Some(told) => {
                        heard = true;
                        self.hears.send_if_modified(|hears| !std::mem::replace(hears, true));
                        self.take(&told);
                    }
                    // the connection was lost and made anew: what was told meanwhile is looked up
                    None => {
                        self.hears.send_replace(false);
                        self.begin_to_hear().await?;
                    }
                },
            }
        }
    }

    async fn begin_to_hear(&self) -> Result<()> {
        self.store
            .wakeups()
            .outbox()
            .post(|mail| (mail.request_subscriptions, mail.ping) = (true, true));
        self.check_heads().await
    }

    async fn beat(&self, beats: u32) -> Result<()> {
        let wakeups = self.store.wakeups();
        if beats.is_multiple_of(RENEW_BEATS) {
            self.feed
                .answers
                .forget_told(Instant::now() - FORGET_AFTER, |user| {
                    wakeups.is_subscribed(user)
                });
            wakeups.outbox().post(|mail| mail.renew = true);
        }
        wakeups.outbox().post(|mail| mail.ping = true);
        self.check_heads().await
    }

    fn take(&self, told: &Notification) {
        if told.channel == HINTS {
            for (user, hint) in payload::told(&self.origin, &told.payload) {
                self.store.wakeups().receive_hint(user, hint);
            }
            return;
        }
        match payload::word(&self.origin, &told.payload) {
            Some(AnswerSignal::Wants { users, anew, hello }) => self.want(&users, anew, hello),
            Some(AnswerSignal::Text {
                user,
                conversation,
                message,
                offset,
                text,
            }) => {
                self.grow(&AnswerDelta {
                    user,
                    conversation,
                    message,
                    offset,
                    text,
                });
            }
            None => {}
        }
    }

    /// Another process wants these people's answers.
    fn want(&self, users: &[UserId], anew: bool, hello: bool) {
        let outbox = self.store.wakeups().outbox();
        self.wanted.note(users, Instant::now());
        if anew {
            for (message, user) in self.feed.answers.written_here() {
                if users.contains(&user) {
                    self.wanted.anew(message);
                    outbox.grow(user);
                }
            }
        }
        if hello {
            let listened = self.store.wakeups().subscribed_users();
            outbox.post(|mail| mail.subscribed.extend(listened));
        }
    }

    /// Another process tells of an answer; it counts only where somebody listens.
    fn grow(&self, piece: &AnswerDelta) {
        let wakeups = self.store.wakeups();
        if !wakeups.is_subscribed(piece.user) {
            return;
        }
        match self.feed.answers.hear(piece, Instant::now()) {
            DeltaOutcome::Grown => wakeups.receive_text(piece.user),
            DeltaOutcome::Known => {}
            DeltaOutcome::Gap => wakeups
                .outbox()
                .post(|mail| _ = mail.subscribed.insert(piece.user)),
        }
    }
}
