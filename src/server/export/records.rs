//! The records of an export, read page by page, so that memory use does not depend on their number.

use super::{ExportRequest, ExportSource, Format};
use crate::{
    domain::{Change, Conversation, WorkLogEntry, ids::ConversationId},
    server::{
        archive::export,
        base::{
            error::{Error, Result},
            rendered_markdown::render_rows,
        },
        chat::{PagePart, find_conversation, list_conversations, page},
        store::work_logs::EntryFilter,
    },
};
use futures::{Stream, TryStreamExt, stream};
use std::{collections::VecDeque, pin::Pin};
use uuid::Uuid;

/// A part of an export.
#[derive(Debug)]
pub(super) enum ExportRecord {
    /// The start of a conversation; its rows follow.
    Conversation(Conversation),
    /// The start of the entries outside of conversations.
    Outside,
    /// Messages and entries.
    Rows(Vec<Change>),
}

/// Entries in all tiers, newest first.
pub(super) fn entry_records(
    source: ExportSource,
    request: ExportRequest,
) -> impl Stream<Item = Result<ExportRecord>> {
    let filter = EntryFilter {
        conversation_id: request.conversation_id,
        ..EntryFilter::default()
    };
    let rows =
        |page: Vec<WorkLogEntry>| ExportRecord::Rows(page.into_iter().map(Change::Entry).collect());
    export::pages(source.store, source.archive, request.user, filter).map_ok(rows)
}

/// The state of an export with messages.
struct ExportCursor {
    source: ExportSource,
    request: ExportRequest,
    /// Conversations not exported yet.
    remaining: VecDeque<Conversation>,
    /// The current conversation and its next row.
    current: Option<(ConversationId, Uuid)>,
    /// Whether entries outside of conversations are still to be started.
    outside_pending: bool,
    /// All entries; those outside of conversations are exported.
    entries: Option<Pages>,
}

type Pages = Pin<Box<dyn Stream<Item = Result<Vec<WorkLogEntry>>> + Send>>;

/// Conversation by conversation with all rows, oldest first; then the entries outside of
/// conversations, newest first.
pub(super) fn all_records(
    source: ExportSource,
    request: ExportRequest,
) -> impl Stream<Item = Result<ExportRecord>> {
    let start = async move {
        let mut reader = source.store.read().await?;
        let conversations = match request.conversation_id {
            Some(id) => vec![find_conversation(&mut reader, request.user, id).await?],
            None => list_conversations(&mut reader, request.user, None, i64::MAX).await?,
        };
        drop(reader);
        Ok(ExportCursor {
            source,
            request,
            remaining: conversations.into(),
            current: None,
            outside_pending: request.entries && request.conversation_id.is_none(),
            entries: None,
        })
    };
    stream::once(async move {
        let cursor: Result<ExportCursor> = start.await;
        cursor.map(|cursor| {
            stream::try_unfold(cursor, |mut cursor| async move {
                Ok(cursor.next().await?.map(|record| (record, cursor)))
            })
        })
    })
    .try_flatten()
}

impl ExportCursor {
    async fn next(&mut self) -> Result<Option<ExportRecord>> {
        if let Some((id, from)) = self.current {
            return self.rows(id, from).await.map(Some);
        }
        if let Some(conversation) = self.remaining.pop_front() {
            self.current = Some((conversation.id, Uuid::nil()));
            return Ok(Some(ExportRecord::Conversation(conversation)));
        }
        if std::mem::take(&mut self.outside_pending) {
            let (store, archive) = (self.source.store.clone(), self.source.archive.clone());
            self.entries = Some(Box::pin(export::pages(
                store,
                archive,
                self.request.user,
                EntryFilter::default(),
            )));
            return Ok(Some(ExportRecord::Outside));
        }
        let Some(entries) = &mut self.entries else {
            return Ok(None);
        };
        let page = entries.try_next().await?;
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
        let (archive, user) = (&self.source.archive, self.request.user);
        let read = |mut reader| async move {
            page(&mut reader, archive, user, id, PagePart::From(from)).await
        };
        match export::read_export_page(&self.source.store, archive, read).await {
            Ok(mut page) => {
                if !self.request.entries {
                    page.rows.retain(|row| !matches!(row, Change::Entry(_)));
                }
                if self.request.format == Format::Html {
                    render_rows(&mut page.rows).await;
                }
                self.current = page.span.to.map(|to| (id, to));
                Ok(ExportRecord::Rows(page.rows))
            }
            // The conversation was deleted meanwhile.
            Err(Error::NotFound(_)) => {
                self.current = None;
                Ok(ExportRecord::Rows(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }
}
