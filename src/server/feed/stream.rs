//! The loop of one stream: read until caught up, wait for a wake-up. An idle stream makes no query.
//!
//! The deadline for a client that does not read is in `serve::listener`: hyper does not poll a body
//! whose socket is full.

use super::{
    EncodedRow, Feed, SentText, StreamPermit,
    cache::RowCache,
    frame::{write_growth, write_heartbeat},
};
use crate::{
    domain::{
        Cursor, Scope, Scopes,
        ids::{ConversationId, MessageId, UserId},
    },
    server::store::{Store, Subscription, Wake},
};
use bytes::Bytes;
use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Least time between two frames with text of an answer, so there are at most 8 in a second.
const TEXT_INTERVAL: Duration = Duration::from_millis(125);
/// Blocks that a stream sends of an answer in a second, beside those that it begins with. Text of
/// blocks that have to wait is sent as text.
const BLOCKS_PER_SECOND: usize = 4;

/// Intervals of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Longest time without a frame; then a heartbeat is sent.
    pub heartbeat: Duration,
    /// The stream ends after this time; the client reconnects.
    pub life: Duration,
    /// Delay before the client reconnects, in milliseconds.
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

/// Checks whether the credential is still valid; called when access may have changed.
pub type Access = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Delay before a client whose credential is not valid reconnects, in milliseconds.
pub const AUTH_RETRY_MS: u64 = 3_600_000;

/// What a client requests.
#[derive(Debug, Clone, Copy)]
pub struct StreamRequest {
    /// Owner of the feed.
    pub user: UserId,
    /// Restricts the stream to this conversation.
    pub only: Option<ConversationId>,
    /// Rows outside these scopes are left out.
    pub scopes: Scopes,
    /// Only changes after this cursor.
    pub cursor: Cursor,
}

/// What a stream needs of the server.
pub struct StreamContext {
    /// The database.
    pub store: Store,
    /// Caches shared by all streams.
    pub feed: Arc<Feed>,
    /// Wake-ups; subscribed before the cursor was checked, so none is missed.
    pub wakes: Subscription,
    /// Cancelled at shutdown.
    pub shutdown: CancellationToken,
    /// Released when the stream ends.
    pub permit: StreamPermit,
    /// Whether the credential is still valid.
    pub access: Access,
    /// Counts frames.
    pub frames: prometheus_client::metrics::counter::Counter,
}

/// A stream of SSE frames.
pub struct Stream {
    context: StreamContext,
    cache: Arc<RowCache>,
    request: StreamRequest,
    /// The last id sent; behind `request.cursor` after rows that are not sent here.
    last_id: Cursor,
    timing: Timing,
    seen: Wake,
    text_sent: HashMap<MessageId, SentText>,
    text_sent_at: Option<Instant>,
    /// When text that waits is sent.
    text_due: Option<Instant>,
    /// When blocks were sent within the last second.
    blocks_sent_at: Vec<Instant>,
    ends_at: Instant,
    heartbeat_at: Instant,
    state: StreamState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamState {
    Opening,
    /// More rows are known than were sent.
    Behind,
    Waiting,
    Ended,
}

impl Stream {
    /// A stream that starts after `request.cursor`.
    pub fn new(context: StreamContext, request: StreamRequest, timing: Timing) -> Self {
        let cache = context.feed.row_caches.for_user(request.user);
        let now = Instant::now();
        let seen = *context.wakes.borrow();
        Self {
            cache,
            request,
            last_id: request.cursor,
            timing,
            seen,
            text_sent: HashMap::new(),
            text_sent_at: None,
            text_due: None,
            blocks_sent_at: Vec::new(),
            ends_at: now + timing.life,
            heartbeat_at: now + timing.heartbeat,
            state: StreamState::Opening,
            context,
        }
    }

    /// The next bytes to send, at most one page of rows; `None` at the end.
    pub async fn next(&mut self) -> Option<Bytes> {
        let mut out = String::new();
        while out.is_empty() {
            match self.state {
                // checked again: the credential may have expired between the check of the request
                // and the subscription
                StreamState::Opening => {
                    if self.check_access(&mut out).await {
                        self.write_opening(&mut out);
                        self.write_rows(&mut out, i64::MAX).await;
                    }
                }
                StreamState::Behind => self.write_rows(&mut out, i64::MAX).await,
                StreamState::Waiting => self.wait(&mut out).await,
                StreamState::Ended => return None,
            }
        }
        self.heartbeat_at = Instant::now() + self.timing.heartbeat;
        Some(Bytes::from(out))
    }

    /// Whether the credential is still valid; if not, writes an `auth` event and ends.
    async fn check_access(&mut self, out: &mut String) -> bool {
        let is_valid = (self.context.access)().await;
        if !is_valid {
            out.push_str(&super::final_event(
                "auth",
                AUTH_RETRY_MS,
                &serde_json::json!({}),
            ));
            self.state = StreamState::Ended;
        }
        is_valid
    }

    fn write_opening(&mut self, out: &mut String) {
        out.push_str(&format!("retry: {}\n\n", self.timing.retry_ms));
        self.write_heartbeat(out);
    }

    fn write_heartbeat(&mut self, out: &mut String) {
        self.last_id = self.request.cursor;
        write_heartbeat(out, self.last_id);
    }

    async fn wait(&mut self, out: &mut String) {
        tokio::select! {
            changed = self.context.wakes.changed() => match changed {
                Ok(()) => self.read_rows(out).await,
                Err(_) => self.state = StreamState::Ended,
            },
            () = sleep_until(self.text_due.unwrap_or(self.ends_at)), if self.text_due.is_some() => {
                self.write_text(out);
            }
            () = sleep_until(self.heartbeat_at) => self.write_heartbeat(out),
            () = sleep_until(self.ends_at) => self.state = StreamState::Ended,
            () = self.context.shutdown.cancelled() => self.state = StreamState::Ended,
        }
    }

    /// Compares the wake-up with the last one and reads what changed.
    async fn read_rows(&mut self, out: &mut String) {
        let wake = *self.context.wakes.borrow_and_update();
        if wake.access != self.seen.access && !self.check_access(out).await {
            return;
        }
        if wake.rev > self.request.cursor.rev {
            self.write_rows(out, wake.rev).await;
        } else if wake.text != self.seen.text {
            self.write_text(out);
        }
        self.seen = wake;
    }

    /// Writes a page of rows up to the revision `announced`, then new text of answers.
    async fn write_rows(&mut self, out: &mut String, announced: i64) {
        let StreamRequest {
            user,
            only,
            scopes,
            cursor,
        } = self.request;
        // boxed: otherwise the future of every idle stream would contain that of its queries
        match Box::pin(
            self.cache
                .after(&self.context.store, user, cursor.rev, announced),
        )
        .await
        {
            Ok(rows) => {
                for row in rows.rows.iter().filter(|row| row.settled) {
                    let message = MessageId::from_uuid(row.key.1);
                    self.context.feed.answers.finish_remote(user, message);
                    // its row has the whole text, also while the answer is still known
                    if let Some(sent) = self.text_sent.get_mut(&message) {
                        *sent = SentText::ALL;
                    }
                }
                let is_sent = |row: &&Arc<EncodedRow>| row.concerns(only) && row.is_within(scopes);
                for row in rows.rows.iter().filter(is_sent) {
                    row.write(out, self.last_id);
                    self.last_id.rev = row.rev;
                    self.context.frames.inc();
                }
                self.request.cursor.rev = rows.upto.max(cursor.rev);
                self.state = if rows.more {
                    StreamState::Behind
                } else {
                    StreamState::Waiting
                };
                self.write_text(out);
            }
            Err(error) => {
                tracing::error!(
                    %user, %error, "a stream could not read its rows; its client will reconnect"
                );
                self.state = StreamState::Ended;
            }
        }
    }

    /// Writes new text of answers, or sets when it is due.
    fn write_text(&mut self, out: &mut String) {
        if !self.request.scopes.contains(Scope::Chat) {
            return;
        }
        let (now, due) = (
            Instant::now(),
            self.text_sent_at.map(|sent_at| sent_at + TEXT_INTERVAL),
        );
        if let Some(due) = due.filter(|due| *due > now) {
            self.text_due = Some(due);
            return;
        }
        self.text_due = None;
        self.blocks_sent_at
            .retain(|sent_at| *sent_at + Duration::from_secs(1) > now);
        let StreamRequest { user, only, .. } = self.request;
        let max_blocks = BLOCKS_PER_SECOND.saturating_sub(self.blocks_sent_at.len());
        let answers = &self.context.feed.answers;
        for growth in answers.unsent(user, only, &self.text_sent, max_blocks) {
            let frames = write_growth(out, &growth);
            self.context.frames.inc_by(frames as u64);
            let sent = growth.sent();
            if self.text_sent.insert(growth.message, sent).is_some() {
                let sent_at = growth.blocks.iter().map(|_| now);
                self.blocks_sent_at.extend(sent_at);
            }
            self.text_sent_at = Some(now);
        }
        if !answers
            .unsent(user, only, &self.text_sent, usize::MAX)
            .is_empty()
        {
            self.text_due = Some(now + TEXT_INTERVAL);
        }
    }
}
