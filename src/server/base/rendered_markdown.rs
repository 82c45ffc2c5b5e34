//! The HTML of the assistant's messages. It is rendered off the async workers and kept in memory by
//! message and revision, bounded in bytes; it is not stored, so a new build renders it again.

use super::{
    blocking::run_blocking,
    byte_cache::ByteCache,
    markdown,
    markdown_blocks::{finished_bytes, render_finished},
};
use crate::domain::{Change, Message, MessageStatus, Role, ids::MessageId};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

const CACHE_MAX_BYTES: usize = 32 << 20;
/// What a cached message takes beside its HTML, roughly.
const CACHED_MESSAGE_BYTES: usize = 128;

/// Message, revision, and length of its text: a restored database may use a revision again.
type Key = (MessageId, i64, usize);

static RENDERED: LazyLock<Mutex<ByteCache<Key, Arc<str>>>> =
    LazyLock::new(|| Mutex::new(ByteCache::new(CACHE_MAX_BYTES)));

/// Renders the messages among these rows, as [`render_messages`] does.
pub(crate) async fn render_rows(rows: &mut [Change]) {
    render_messages(rows.iter_mut().filter_map(|row| match row {
        Change::Message(message) => Some(message),
        _ => None,
    }))
    .await;
}

/// Drops all rendered text, because some of it was deleted.
pub(crate) fn clear() {
    cache().clear();
}

/// Sets `html` and `html_bytes` of the assistant's messages: the whole Markdown of a finished
/// message, the finished blocks of one that is still being written.
pub(crate) async fn render_messages<'m>(messages: impl IntoIterator<Item = &'m mut Message>) {
    let mut missing: Vec<(&'m mut Message, Key)> = Vec::new();
    for message in messages {
        if message.role != Role::Assistant {
            continue;
        }
        message.html_bytes = match message.status {
            MessageStatus::Streaming => finished_bytes(&message.content),
            _ => message.content.len(),
        };
        let key = (message.id, message.rev, message.content.len());
        match cache().get(&key) {
            Some(html) => message.html = Some(html.to_string()),
            None => missing.push((message, key)),
        }
    }
    if missing.is_empty() {
        return;
    }
    let texts: Vec<(String, bool)> = missing
        .iter()
        .map(|(message, _)| {
            let is_growing = message.status == MessageStatus::Streaming;
            (message.content.clone(), is_growing)
        })
        .collect();
    let rendered = run_blocking(move || {
        let render = |(text, is_growing): &(String, bool)| match is_growing {
            true => render_finished(text),
            false => markdown::render(text),
        };
        texts.iter().map(render).collect::<Vec<_>>()
    });
    for ((message, key), html) in missing.into_iter().zip(rendered.await) {
        cache().insert(key, html.as_str().into(), html.len() + CACHED_MESSAGE_BYTES);
        message.html = Some(html);
    }
}

fn cache() -> std::sync::MutexGuard<'static, ByteCache<Key, Arc<str>>> {
    RENDERED.lock().unwrap_or_else(PoisonError::into_inner)
}
