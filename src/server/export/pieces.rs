//! What an export consists of, read a page at a time, so that it costs no memory however much there is.

use super::Wanted;
use crate::{
    chat::{Change, Conversation},
    ids::{ConversationId, EntryId},
    server::{
        chat::{Part, find_conversation, list_conversations, page},
        error::{Error, Result},
        retention::reading::{list, steadily},
        state::App,
        store::work_logs::EntryFilter,
    },
    work_log::WorkLogEntry,
};
use futures::{Stream, stream};
use std::collections::VecDeque;
use uuid::Uuid;

/// Entries read at once.
const PAGE: i64 = 200;

/// A piece of an export.
#[derive(Debug)]
pub(super) enum Piece {
    /// A conversation begins; its rows follow.
    Conversation(Conversation),
    /// What follows stands outside of any conversation.
    Outside,
    /// Messages and entries.
    Rows(Vec<Change>),
}

/// Entries of all tiers, newest first.
pub(super) fn entries(app: App, wanted: Wanted) -> impl Stream<Item = Result<Piece>> {
    stream::try_unfold(Some(None::<EntryId>), move |before| {
        let app = app.clone();
        async move {
            let Some(before) = before else { return Ok(None) };
            let (page, next) = entries_before(&app, wanted, before).await?;
            Ok(Some((Piece::Rows(page.into_iter().map(Change::Entry).collect()), next)))
        }
    })
}

/// A page of entries, and where the next one begins.
async fn entries_before(app: &App, wanted: Wanted, before: Option<EntryId>) -> Result<(Vec<WorkLogEntry>, Option<Option<EntryId>>)> {
    let filter = EntryFilter { conversation_id: wanted.conversation_id, ..EntryFilter::default() };
    let (archive, filter) = (&app.retention.archive, (&filter, false));
    let read = |mut reader| async move { list(&mut reader, archive, wanted.user, filter, before, PAGE).await };
    let page = steadily(&app.store, read).await?;
    let next = page.last().map(|entry| Some(entry.id)).filter(|_| page.len() as i64 == PAGE);
    Ok((page, next))
}

/// How far the walk through everything has come.
struct Walk {
    app: App,
    wanted: Wanted,
    /// Conversations that are still to come.
    left: VecDeque<Conversation>,
    /// The conversation that is being told, and from where on.
    open: Option<(ConversationId, Uuid)>,
    /// Where entries outside of conversations go on, once their heading is written.
    outside: Outside,
}

enum Outside {
    ToBegin,
    Before(Option<EntryId>),
    Done,
}

/// Conversation by conversation with all rows, oldest first; then what stands outside of them, newest first.
pub(super) fn everything(app: App, wanted: Wanted) -> impl Stream<Item = Result<Piece>> {
    let begin = async move {
        let mut reader = app.store.read().await?;
        let left = match wanted.conversation_id {
            Some(id) => vec![find_conversation(&mut reader, wanted.user, id).await?],
            None => list_conversations(&mut reader, wanted.user, i64::MAX).await?,
        };
        drop(reader);
        let outside = if wanted.conversation_id.is_some() { Outside::Done } else { Outside::ToBegin };
        Ok(Walk { app, wanted, left: left.into(), open: None, outside })
    };
    futures::TryStreamExt::try_flatten(stream::once(async move {
        let walk: Result<Walk> = begin.await;
        walk.map(|walk| stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|piece| (piece, walk))) }))
    }))
}

impl Walk {
    async fn next(&mut self) -> Result<Option<Piece>> {
        if let Some((id, from)) = self.open {
            return self.rows(id, from).await.map(Some);
        }
        if let Some(conversation) = self.left.pop_front() {
            self.open = Some((conversation.id, Uuid::nil()));
            return Ok(Some(Piece::Conversation(conversation)));
        }
        match self.outside {
            Outside::ToBegin => {
                self.outside = Outside::Before(None);
                Ok(Some(Piece::Outside))
            }
            Outside::Before(before) => {
                let (page, next) = entries_before(&self.app, self.wanted, before).await?;
                self.outside = next.map_or(Outside::Done, Outside::Before);
                let outside = page.into_iter().filter(|entry| entry.conversation_id.is_none()).map(Change::Entry);
                Ok(Some(Piece::Rows(outside.collect())))
            }
            Outside::Done => Ok(None),
        }
    }

    async fn rows(&mut self, id: ConversationId, from: Uuid) -> Result<Piece> {
        let (archive, user) = (&self.app.retention.archive, self.wanted.user);
        let read = |mut reader| async move { page(&mut reader, archive, user, id, Part::From(from)).await };
        match steadily(&self.app.store, read).await {
            Ok(page) => {
                self.open = page.span.to.map(|to| (id, to));
                Ok(Piece::Rows(page.rows))
            }
            // Its owner deleted it meanwhile.
            Err(Error::NotFound(_)) => {
                self.open = None;
                Ok(Piece::Rows(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }
}
