//! What an export consists of, read a page at a time, so that it costs no memory however much there
//! is.

use super::{ExportRequest, ExportSource};
use crate::{
    domain::{Change, Conversation, WorkLogEntry, ids::ConversationId},
    server::{
        archive::export,
        base::error::{Error, Result},
        chat::{PagePart, find_conversation, list_conversations, page},
        store::work_logs::EntryFilter,
    },
};
use futures::{Stream, TryStreamExt, stream};
use std::{collections::VecDeque, pin::Pin};
use uuid::Uuid;

/// A piece of an export.
#[derive(Debug)]
pub(super) enum ExportRecord {
    /// A conversation begins; its rows follow.
    Conversation(Conversation),
    /// What follows stands outside of any conversation.
    Outside,
    /// Messages and entries.
    Rows(Vec<Change>),
}

/// Entries of all tiers, newest first.
pub(super) fn entries(
    source: ExportSource,
    wanted: ExportRequest,
) -> impl Stream<Item = Result<ExportRecord>> {
    let filter = EntryFilter {
        conversation_id: wanted.conversation_id,
        ..EntryFilter::default()
    };
    let rows =
        |page: Vec<WorkLogEntry>| ExportRecord::Rows(page.into_iter().map(Change::Entry).collect());
    export::pages(source.store, source.archive, wanted.user, filter).map_ok(rows)
}

/// How far the walk through everything has come.
struct Walk {
    source: ExportSource,
    wanted: ExportRequest,
    /// Conversations that are still to come.
    left: VecDeque<Conversation>,
    /// The conversation that is being told, and from where on.
    open: Option<(ConversationId, Uuid)>,
    /// Whether what stands outside of conversations is still to be begun.
    outside: bool,
    /// All entries, of which those outside are told.
    rest: Option<Pages>,
}

type Pages = Pin<Box<dyn Stream<Item = Result<Vec<WorkLogEntry>>> + Send>>;

/// Conversation by conversation with all rows, oldest first; then what stands outside of them,
/// newest first.
pub(super) fn everything(
    source: ExportSource,
    wanted: ExportRequest,
) -> impl Stream<Item = Result<ExportRecord>> {
    let begin = async move {
        let mut reader = source.store.read().await?;
        let left = match wanted.conversation_id {
            Some(id) => vec![find_conversation(&mut reader, wanted.user, id).await?],
            None => list_conversations(&mut reader, wanted.user, None, i64::MAX).await?,
        };
        drop(reader);
        Ok(Walk {
            source,
            wanted,
            left: left.into(),
            open: None,
            outside: wanted.conversation_id.is_none(),
            rest: None,
        })
    };
    stream::once(async move {
        let walk: Result<Walk> = begin.await;
        walk.map(|walk| {
            stream::try_unfold(walk, |mut walk| async move {
                Ok(walk.next().await?.map(|piece| (piece, walk)))
            })
        })
    })
    .try_flatten()
}

impl Walk {
    async fn next(&mut self) -> Result<Option<ExportRecord>> {
        if let Some((id, from)) = self.open {
            return self.rows(id, from).await.map(Some);
        }
        if let Some(conversation) = self.left.pop_front() {
            self.open = Some((conversation.id, Uuid::nil()));
            return Ok(Some(ExportRecord::Conversation(conversation)));
        }
        if std::mem::take(&mut self.outside) {
            let (store, archive) = (self.source.store.clone(), self.source.archive.clone());
            self.rest = Some(Box::pin(export::pages(
                store,
                archive,
                self.wanted.user,
                EntryFilter::default(),
            )));
            return Ok(Some(ExportRecord::Outside));
        }
        let Some(rest) = &mut self.rest else {
            return Ok(None);
        };
        let page = rest.try_next().await?;
        let outside = |entry: &WorkLogEntry| entry.conversation_id.is_none();
        Ok(page.map(|page| {
            ExportRecord::Rows(
                page.into_iter()
                    .filter(outside)
                    .map(Change::Entry)
                    .collect(),
            )
        }))
    }

    async fn rows(&mut self, id: ConversationId, from: Uuid) -> Result<ExportRecord> {
        let (archive, user) = (&self.source.archive, self.wanted.user);
        let read = |mut reader| async move {
            page(&mut reader, archive, user, id, PagePart::From(from)).await
        };
        match export::read_export_page(&self.source.store, archive, read).await {
            Ok(page) => {
                self.open = page.span.to.map(|to| (id, to));
                Ok(ExportRecord::Rows(page.rows))
            }
            // Its owner deleted it meanwhile.
            Err(Error::NotFound(_)) => {
                self.open = None;
                Ok(ExportRecord::Rows(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }
}
