//! The rows that a person's readers read last, encoded once. A cache of the database, filled only
//! by reading it: whatever it lacks is read there, so losing it loses nothing.

use super::EncodedRow;
use crate::{
    domain::{Change, RemovedKind, ids::UserId},
    server::{
        base::rendered_markdown::render_messages,
        store::{Result, Store, changes},
    },
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Rows kept for each person somebody listens for.
const KEEP_ROWS: usize = 256;
/// Bytes kept for each person somebody listens for.
const KEEP_BYTES: usize = 1 << 20;

/// Rows for one reader, and how far they reach.
#[derive(Debug, Clone)]
pub struct CachedRows {
    /// In the order of their revisions.
    pub rows: Vec<Arc<EncodedRow>>,
    /// Everything up to here is in `rows`.
    pub upto: i64,
    /// Whether there is more behind it.
    pub more: bool,
}

#[derive(Debug, Default)]
struct Kept {
    /// Everything after this revision, up to `upto`, is in `rows`.
    from: i64,
    upto: i64,
    rows: VecDeque<Arc<EncodedRow>>,
    bytes: usize,
}

/// One person's tail; it lives as long as somebody reads.
#[derive(Debug, Default)]
pub struct RowCache {
    kept: tokio::sync::Mutex<Kept>,
}

/// The tails of all people somebody reads for.
#[derive(Debug, Default)]
pub struct RowCaches {
    people: Mutex<HashMap<UserId, Weak<RowCache>>>,
}

impl RowCaches {
    /// The tail of a person, shared by their readers.
    pub fn of(&self, user: UserId) -> Arc<RowCache> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tail) = people.get(&user).and_then(Weak::upgrade) {
            return tail;
        }
        // swept when their number has doubled, so that a newcomer costs the same however many read
        if people.len().is_power_of_two() {
            people.retain(|_, tail| tail.strong_count() > 0);
        }
        let tail = Arc::new(RowCache::default());
        people.insert(user, Arc::downgrade(&tail));
        tail
    }
}

impl RowCache {
    /// The owner's rows after `rev`, up to at least the revision `announced`.
    pub async fn after(
        &self,
        store: &Store,
        user: UserId,
        rev: i64,
        announced: i64,
    ) -> Result<CachedRows> {
        let mut kept = self.kept.lock().await;
        if kept.upto < rev {
            *kept = Kept {
                from: rev,
                upto: rev,
                ..Kept::default()
            };
        }
        if rev < kept.from {
            drop(kept);
            return read(store, user, rev).await;
        }
        let mut more = false;
        if kept.upto < announced {
            let fresh = read(store, user, kept.upto).await?;
            more = fresh.more;
            kept.extend(fresh);
        }
        let rows = kept
            .rows
            .iter()
            .filter(|row| row.rev > rev)
            .cloned()
            .collect();
        // only now: what was just read for this reader must reach it, however large it is
        kept.shed();
        Ok(CachedRows {
            rows,
            upto: kept.upto,
            more,
        })
    }
}

impl Kept {
    fn extend(&mut self, fresh: CachedRows) {
        for row in fresh.rows {
            self.forget(&row);
            self.bytes += row.json.len();
            self.rows.push_back(row);
        }
        self.upto = fresh.upto;
    }

    /// Lets go of the oldest rows over the bounds.
    fn shed(&mut self) {
        while self.rows.len() > KEEP_ROWS || self.bytes > KEEP_BYTES {
            let Some(oldest) = self.rows.pop_front() else {
                break;
            };
            self.bytes -= oldest.json.len();
            self.from = oldest.rev;
        }
    }

    /// Drops what `newer` replaces or takes away: a row that changed five times is sent once, and
    /// what is gone is gone.
    fn forget(&mut self, newer: &EncodedRow) {
        let gone = (newer.event == "removed" && newer.key.0 == RemovedKind::Conversation)
            .then_some(newer.key.1);
        self.rows.retain(|row| {
            row.key != newer.key
                && gone.is_none_or(|id| row.conversation_id.is_none_or(|own| own.uuid() != id))
        });
        self.bytes = self.rows.iter().map(|row| row.json.len()).sum();
    }
}

async fn read(store: &Store, user: UserId, rev: i64) -> Result<CachedRows> {
    let mut page = changes::after(&mut *store.connection().await?, user, rev).await?;
    render_messages(page.messages_mut()).await;
    let rows = page
        .rows
        .iter()
        .map(|row: &Change| Arc::new(EncodedRow::of(row)))
        .collect();
    Ok(CachedRows {
        rows,
        upto: page.upto,
        more: page.more,
    })
}
