//! The latest rows of each user's feed, encoded once for all of the user's streams. A cache that is
//! filled only by reading the database; rows it lacks are read there.

use super::EncodedRow;
use crate::{
    domain::{Change, RemovedKind, ids::UserId},
    server::{
        base::rendered_markdown::render_rows,
        store::{Result, Store, changes},
    },
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Rows cached for each user with open streams.
const MAX_ROWS: usize = 256;
/// Bytes cached for each user with open streams.
const MAX_BYTES: usize = 1 << 20;

/// Rows for one stream, and the revision up to which they are complete.
#[derive(Debug, Clone)]
pub struct CachedRows {
    /// The rows, ordered by revision.
    pub rows: Vec<Arc<EncodedRow>>,
    /// Every change up to this revision is in `rows`.
    pub upto: i64,
    /// Whether there are later rows.
    pub more: bool,
}

#[derive(Debug, Default)]
struct CachedRange {
    /// Every change after this revision, up to `upto`, is in `rows`.
    from: i64,
    upto: i64,
    rows: VecDeque<Arc<EncodedRow>>,
    bytes: usize,
}

/// The cache of one user; dropped with the user's last stream.
#[derive(Debug, Default)]
pub struct RowCache {
    range: tokio::sync::Mutex<CachedRange>,
}

/// The caches of all users with open streams.
#[derive(Debug, Default)]
pub struct RowCaches {
    users: Mutex<HashMap<UserId, Weak<RowCache>>>,
}

impl RowCaches {
    /// The cache of a user, shared by the user's streams.
    pub fn for_user(&self, user: UserId) -> Arc<RowCache> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cache) = users.get(&user).and_then(Weak::upgrade) {
            return cache;
        }
        // swept when their number has doubled, so the amortised cost of a new user is constant
        if users.len().is_power_of_two() {
            users.retain(|_, cache| cache.strong_count() > 0);
        }
        let cache = Arc::new(RowCache::default());
        users.insert(user, Arc::downgrade(&cache));
        cache
    }
}

impl RowCache {
    /// The user's rows after `rev`, up to at least the revision `announced`.
    pub async fn after(
        &self,
        store: &Store,
        user: UserId,
        rev: i64,
        announced: i64,
    ) -> Result<CachedRows> {
        let mut range = self.range.lock().await;
        if range.upto < rev {
            *range = CachedRange {
                from: rev,
                upto: rev,
                ..CachedRange::default()
            };
        }
        if rev < range.from {
            drop(range);
            return read(store, user, rev).await;
        }
        let mut more = false;
        if range.upto < announced {
            let fresh = read(store, user, range.upto).await?;
            more = fresh.more;
            range.extend(fresh);
        }
        let rows = range
            .rows
            .iter()
            .filter(|row| row.rev > rev)
            .cloned()
            .collect();
        // only now: rows just read for this stream must reach it, however large they are
        range.evict();
        Ok(CachedRows {
            rows,
            upto: range.upto,
            more,
        })
    }
}

impl CachedRange {
    fn extend(&mut self, fresh: CachedRows) {
        for row in fresh.rows {
            self.remove_superseded(&row);
            self.bytes += row.json.len();
            self.rows.push_back(row);
        }
        self.upto = fresh.upto;
    }

    /// Removes the oldest rows while the cache is over its bounds.
    fn evict(&mut self) {
        while self.rows.len() > MAX_ROWS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.rows.pop_front() else {
                break;
            };
            self.bytes -= oldest.json.len();
            self.from = oldest.rev;
        }
    }

    /// Removes rows that `newer` replaces or deletes: a row that changed five times is sent once.
    fn remove_superseded(&mut self, newer: &EncodedRow) {
        let deleted_conversation = (newer.event == "removed"
            && newer.key.0 == RemovedKind::Conversation)
            .then_some(newer.key.1);
        self.rows.retain(|row| {
            row.key != newer.key
                && deleted_conversation
                    .is_none_or(|id| row.conversation_id.is_none_or(|own| own.uuid() != id))
        });
        self.bytes = self.rows.iter().map(|row| row.json.len()).sum();
    }
}

async fn read(store: &Store, user: UserId, rev: i64) -> Result<CachedRows> {
    let mut page = changes::after(&mut *store.connection().await?, user, rev).await?;
    render_rows(&mut page.rows).await;
    let rows = page
        .rows
        .iter()
        .map(|row: &Change| Arc::new(EncodedRow::from(row)))
        .collect();
    Ok(CachedRows {
        rows,
        upto: page.upto,
        more: page.more,
    })
}
