//! Appends the text of an answer of this process to the database while it grows, for other
//! processes and for the case of a crash.

use super::Feed;
use crate::{
    domain::ids::{MessageId, UserId},
    server::store::{Result, Store, answer_parts},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, task::AbortHandle, time::sleep};

/// Least time from one part to the next.
pub const PART_INTERVAL: Duration = Duration::from_millis(500);

/// Writes the parts of one answer until it is dropped.
#[derive(Debug)]
pub struct PartWriter {
    grown: Arc<Notify>,
    task: AbortHandle,
}

impl PartWriter {
    /// Starts it for a message that has no parts yet.
    pub fn start(store: &Store, feed: &Arc<Feed>, user: UserId, message: MessageId) -> Self {
        let (store, feed, grown) = (store.clone(), feed.clone(), Arc::<Notify>::default());
        let signal = grown.clone();
        let task = tokio::spawn(async move {
            let text_from = |start| feed.answers.text_from(user, message, start);
            let write = |start, text| {
                let store = store.clone();
                async move { write_part(&store, user, message, start, text).await }
            };
            write_parts(&signal, text_from, write).await;
        });
        let task = task.abort_handle();
        Self { grown, task }
    }

    /// Tells it that the answer has grown.
    pub fn grown(&self) {
        self.grown.notify_one();
    }
}

impl Drop for PartWriter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes what is new, at most once in each [`PART_INTERVAL`], until there is no such answer
/// (`text_from` is `None`, `write` is `false`).
pub async fn write_parts<F: Future<Output = Result<bool>>>(
    grown: &Notify,
    text_from: impl Fn(usize) -> Option<String>,
    write: impl Fn(usize, String) -> F,
) {
    let mut written = 0;
    loop {
        grown.notified().await;
        let Some(text) = text_from(written) else {
            return;
        };
        if text.is_empty() {
            continue;
        }
        let end = written + text.len();
        match write(written, text).await {
            Ok(true) => written = end,
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "text of an answer could not be stored; trying again");
                grown.notify_one();
            }
        }
        sleep(PART_INTERVAL).await;
    }
}

async fn write_part(
    store: &Store,
    user: UserId,
    message: MessageId,
    start: usize,
    text: String,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    let is_growing = answer_parts::append(&mut tx, user, message, start, &text).await?;
    if is_growing {
        tx.commit().await?;
        store.wakeups().part(user);
    }
    Ok(is_growing)
}
