//! One reader's loop: subscribe, read until caught up, wait. An idle stream makes no query.
//!
//! A deadline for a reader who does not read is not here: hyper does not poll a body whose socket
//! is full, so it belongs to the connection (`server::listener`).

use super::{
    Feed, StreamPermit,
    cache::RowCache,
    frame::{write_delta, write_heartbeat},
};
use crate::{
    domain::{
        Cursor,
        ids::{ConversationId, MessageId, UserId},
    },
    server::store::{Store, Subscription, Wake},
};
use bytes::Bytes;
use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long things last on a stream.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// A sign of life at least so often.
    pub heartbeat: Duration,
    /// The stream ends after so long; the reader comes back.
    pub life: Duration,
    /// How long a reader waits before it comes back, in milliseconds.
    pub retry_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            life: Duration::from_secs(600),
            retry_ms: 1_000,
        }
    }
}

/// Whether the reader may still read, asked whenever somebody signed out.
pub type Access = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// How long a reader without a right to read waits before it comes back, in milliseconds.
pub const AUTH_RETRY_MS: u64 = 3_600_000;

/// What a reader asks for.
#[derive(Debug, Clone, Copy)]
pub struct StreamRequest {
    /// Whose feed.
    pub user: UserId,
    /// Only this conversation.
    pub only: Option<ConversationId>,
    /// From here on.
    pub cursor: Cursor,
}

/// What a stream needs of the process.
pub struct StreamContext {
    /// The database.
    pub store: Store,
    /// What readers share.
    pub feed: Arc<Feed>,
    /// Subscribed before the cursor was checked, so that nothing falls between.
    pub wakes: Subscription,
    /// Ends with the process.
    pub shutdown: CancellationToken,
    /// The reader's place; freed with the stream.
    pub place: StreamPermit,
    /// Whether the reader may still read.
    pub access: Access,
    /// Counts frames.
    pub frames: prometheus_client::metrics::counter::Counter,
}

/// One reader's stream of frames.
pub struct Stream {
    context: StreamContext,
    tail: Arc<RowCache>,
    reading: StreamRequest,
    /// The last id that the reader was told; behind `reading.cursor` while rows pass by that are
    /// not for it.
    told: Cursor,
    timing: Timing,
    seen: Wake,
    text_seen: HashMap<MessageId, usize>,
    ends_at: Instant,
    beat_at: Instant,
    state: StreamState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamState {
    Opening,
    /// More rows are known to be there than were sent.
    Behind,
    Waiting,
    Ended,
}

impl Stream {
    /// A stream that stands at `reading.cursor`.
    pub fn new(context: StreamContext, reading: StreamRequest, timing: Timing) -> Self {
        let tail = context.feed.row_caches.of(reading.user);
        let now = Instant::now();
        let seen = *context.wakes.borrow();
        Self {
            tail,
            reading,
            told: reading.cursor,
            timing,
            seen,
            text_seen: HashMap::new(),
            ends_at: now + timing.life,
            beat_at: now + timing.heartbeat,
            state: StreamState::Opening,
            context,
        }
    }

    /// The next bytes to send, at most one page of rows; `None` at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        let mut out = String::new();
        while out.is_empty() {
            match self.state {
                // Asked once more: the right may have ended between the check of the request and
                // the subscription.
                StreamState::Opening => {
                    if self.may_read(&mut out).await {
                        self.write_opening(&mut out);
                        self.write_rows(&mut out, i64::MAX).await;
                    }
                }
                StreamState::Behind => self.write_rows(&mut out, i64::MAX).await,
                StreamState::Waiting => self.wait(&mut out).await,
                StreamState::Ended => return None,
            }
        }
        self.beat_at = Instant::now() + self.timing.heartbeat;
        Some(Bytes::from(out))
    }

    /// Whether the reader may still read; if not, says so and ends.
    async fn may_read(&mut self, out: &mut String) -> bool {
        let may = (self.context.access)().await;
        if !may {
            out.push_str(&super::lone_event(
                "auth",
                AUTH_RETRY_MS,
                &serde_json::json!({}),
            ));
            self.state = StreamState::Ended;
        }
        may
    }

    fn write_opening(&mut self, out: &mut String) {
        out.push_str(&format!("retry: {}\n\n", self.timing.retry_ms));
        self.write_heartbeat(out);
    }

    fn write_heartbeat(&mut self, out: &mut String) {
        self.told = self.reading.cursor;
        write_heartbeat(out, self.told);
    }

    async fn wait(&mut self, out: &mut String) {
        tokio::select! {
            changed = self.context.wakes.changed() => match changed {
                Ok(()) => self.read_rows(out).await,
                Err(_) => self.state = StreamState::Ended,
            },
            () = sleep_until(self.beat_at) => self.write_heartbeat(out),
            () = sleep_until(self.ends_at) => self.state = StreamState::Ended,
            () = self.context.shutdown.cancelled() => self.state = StreamState::Ended,
        }
    }

    /// Compares the wake-up with what was seen last and reads what moved.
    async fn read_rows(&mut self, out: &mut String) {
        let wake = *self.context.wakes.borrow_and_update();
        if wake.access != self.seen.access && !self.may_read(out).await {
            return;
        }
        if wake.rev > self.reading.cursor.rev {
            self.write_rows(out, wake.rev).await;
        } else if wake.text != self.seen.text {
            self.write_text(out);
        }
        self.seen = wake;
    }

    /// Writes a page of the rows up to the revision `announced`, then the text of answers that
    /// grow.
    async fn write_rows(&mut self, out: &mut String, announced: i64) {
        let StreamRequest { user, only, cursor } = self.reading;
        // boxed while it reads: otherwise every idle stream would hold room for its queries
        match Box::pin(
            self.tail
                .after(&self.context.store, user, cursor.rev, announced),
        )
        .await
        {
            Ok(rows) => {
                for row in rows.rows.iter().filter(|row| row.settled) {
                    self.context
                        .feed
                        .answers
                        .ended(user, MessageId::from_uuid(row.key.1));
                }
                for row in rows.rows.iter().filter(|row| row.concerns(only)) {
                    row.write(out, self.told);
                    self.told.rev = row.rev;
                    self.context.frames.inc();
                }
                self.reading.cursor.rev = rows.upto.max(cursor.rev);
                self.state = if rows.more {
                    StreamState::Behind
                } else {
                    StreamState::Waiting
                };
                self.write_text(out);
            }
            Err(error) => {
                tracing::error!(%user, %error, "a stream could not read its rows; its reader will come back");
                self.state = StreamState::Ended;
            }
        }
    }

    fn write_text(&mut self, out: &mut String) {
        let StreamRequest { user, only, .. } = self.reading;
        for (message, offset, text) in self
            .context
            .feed
            .answers
            .unseen(user, only, &self.text_seen)
        {
            write_delta(out, message, offset, &text);
            self.text_seen.insert(message, offset + text.len());
            self.context.frames.inc();
        }
    }
}
