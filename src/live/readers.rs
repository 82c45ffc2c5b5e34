//! Who on this page wants to hear of the feed, and what has not been given to them yet.

use super::connection::Connection;
use crate::domain::{AnswerGrowth, Change, ids::MessageId};
use std::rc::Rc;

/// One thing for a reader to take in.
pub(super) enum News {
    /// A row as it is now.
    Row(Box<Change>),
    /// Growth of an answer that is being written.
    Growth {
        message_id: MessageId,
        growth: AnswerGrowth,
    },
}

/// Names one reader or watcher of this page.
pub(super) type ReaderId = u32;

pub(super) type OnUpdates = Rc<dyn Fn(&[News])>;
pub(super) type OnConnection = Rc<dyn Fn(Connection)>;

/// The islands of this page that follow the feed (readers) or only its connection (watchers).
#[derive(Default)]
pub(super) struct Readers {
    last: ReaderId,
    readers: Vec<(ReaderId, OnUpdates)>,
    watchers: Vec<(ReaderId, OnConnection)>,
    batch: Vec<News>,
}

impl Readers {
    pub(super) fn read(&mut self, on_updates: OnUpdates) -> ReaderId {
        self.last += 1;
        self.readers.push((self.last, on_updates));
        self.last
    }

    pub(super) fn watch(&mut self, on_connection: OnConnection) -> ReaderId {
        self.last += 1;
        self.watchers.push((self.last, on_connection));
        self.last
    }

    /// Forgets a reader or watcher; says whether any reader is left.
    pub(super) fn leave(&mut self, id: ReaderId) -> bool {
        self.readers.retain(|(reader, _)| *reader != id);
        self.watchers.retain(|(watcher, _)| *watcher != id);
        !self.readers.is_empty()
    }

    pub(super) fn watchers(&self) -> Vec<OnConnection> {
        self.watchers
            .iter()
            .map(|(_, on_connection)| on_connection.clone())
            .collect()
    }

    /// Keeps news for the next frame; says whether it is the first one, so that a frame must be
    /// asked for.
    pub(super) fn keep(&mut self, news: News) -> bool {
        self.batch.push(news);
        self.batch.len() == 1
    }

    /// Everything that is waiting, and who waits for it.
    pub(super) fn take_batch(&mut self) -> (Vec<News>, Vec<OnUpdates>) {
        let readers = self
            .readers
            .iter()
            .map(|(_, on_updates)| on_updates.clone())
            .collect();
        (std::mem::take(&mut self.batch), readers)
    }
}
