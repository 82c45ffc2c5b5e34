//! Data of the pages: rows and their cursor, read in one database snapshot.

use super::{PagePart, list_conversations, page};
use crate::{
    domain::{
        Account, CONVERSATIONS_LISTED, Change, ChatPageData, ConversationSpan,
        ConversationsPageData, Cursor, HistoryPageData, HistoryQuery, PartQuery, Snapshot,
        WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
    },
    server::{
        archive::{Archive, Tiers, partial, reader::read_partial},
        base::{
            clock::Clock,
            error::{Error, Result},
            rendered_markdown::render_rows,
        },
        store::{Reader, conversations, heads, holds, work_logs::EntryFilter},
        work_log::recent_logs,
    },
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Entries in a feed and on a page of the history.
const ENTRIES_PER_PAGE: i64 = 50;

/// Parameters for reading a page.
#[derive(Clone, Copy)]
pub struct PageSource<'a> {
    /// The database and the archive.
    pub tiers: &'a Tiers,
    /// Days until an entry expires.
    pub cold_days: i64,
    /// Server time, read after the rows: the browser's clock is set by it.
    pub clock: &'a Clock,
}

async fn snapshot(
    source: PageSource<'_>,
    reader: &mut Reader,
    user_id: UserId,
    rows: Vec<Change>,
) -> Result<Snapshot> {
    let rows = rows.into_iter().map(with_sorted_metadata).collect();
    let cursor = Cursor {
        epoch: source.tiers.store.epoch(),
        rev: heads::find(reader, user_id).await?.head,
    };
    Ok(Snapshot {
        user_id,
        rows,
        cursor,
        now: source.clock.now(),
        cold_days: source.cold_days,
        gaps: Vec::new(),
    })
}

/// Sorts metadata by name as browsers do, so that server and browser render the same page.
fn with_sorted_metadata(row: Change) -> Change {
    match row {
        Change::Entry(entry) => Change::Entry(WorkLogEntry {
            metadata: entry.metadata.sorted(),
            ..entry
        }),
        row => row,
    }
}

/// The chat page, without the list of models.
pub async fn chat(
    source: PageSource<'_>,
    account: Account,
    id: Option<ConversationId>,
    part: &PartQuery,
) -> Result<ChatPageData> {
    let (account, part) = (&account, parse_part(part)?);
    let (mut page, gaps) = read_partial(
        &source.tiers.store,
        &source.tiers.archive,
        |reader, archive| chat_page(source, (reader, archive), account.clone(), id, part),
    )
    .await?;
    render_rows(&mut page.snapshot.rows).await;
    page.snapshot.gaps = partial::within(gaps, page.span.from, page.span.to);
    page.gone &= page.snapshot.gaps.is_empty();
    Ok(page)
}

async fn chat_page(
    source: PageSource<'_>,
    (mut reader, archive): (Reader, Archive),
    account: Account,
    id: Option<ConversationId>,
    part: PagePart,
) -> Result<ChatPageData> {
    let conversations =
        list_conversations(&mut reader, account.id, None, CONVERSATIONS_LISTED as i64).await?;
    let mut rows: Vec<Change> = conversations
        .into_iter()
        .map(Change::Conversation)
        .collect();
    let (mut conversation, mut span, mut on_hold, mut gone) =
        (None, ConversationSpan::default(), false, false);
    if let Some(id) = id {
        on_hold = holds::in_force(&mut reader, account.id, Some(id), holds::HoldKind::Hold).await?;
        let page = page(&mut reader, &archive, account.id, id, part).await?;
        gone = match part {
            PagePart::Around(id) => !page.rows.iter().any(|row| has_id(row, id)),
            _ => false,
        };
        rows.extend(page.rows);
        conversation = Some(page.conversation);
        span = page.span;
    }
    let snapshot = snapshot(source, &mut reader, account.id, rows).await?;
    Ok(ChatPageData {
        account,
        conversation,
        snapshot,
        span,
        models: Vec::new(),
        on_hold,
        gone,
    })
}

fn has_id(row: &Change, id: Uuid) -> bool {
    match row {
        Change::Message(message) => message.id.uuid() == id,
        Change::Entry(entry) => entry.id.uuid() == id,
        Change::Conversation(_) | Change::Removed(_) => false,
    }
}

/// Conversations used less recently than `before`.
pub async fn conversations(
    source: PageSource<'_>,
    user: UserId,
    before: Option<String>,
) -> Result<ConversationsPageData> {
    let before = before
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Error::NotFound("page"))?;
    let listed = list_conversations(
        &mut source.tiers.store.read().await?,
        user,
        before,
        CONVERSATIONS_LISTED as i64,
    )
    .await?;
    Ok(ConversationsPageData {
        listed,
        now: source.clock.now(),
    })
}

/// Errors: `NotFound` if a value is not an id.
fn parse_part(query: &PartQuery) -> Result<PagePart> {
    let id = |text: &String| text.parse::<Uuid>().map_err(|_| Error::NotFound("page"));
    Ok(match query {
        PartQuery {
            around: Some(row), ..
        } => PagePart::Around(id(row)?),
        PartQuery {
            from: Some(row), ..
        } => PagePart::From(id(row)?),
        PartQuery {
            before: Some(row), ..
        } => PagePart::Before(id(row)?),
        PartQuery { .. } => PagePart::End,
    })
}

/// The newest entries, of all conversations or of one.
pub async fn feed(
    source: PageSource<'_>,
    user: UserId,
    conversation_id: Option<ConversationId>,
) -> Result<Snapshot> {
    let filter = EntryFilter {
        conversation_id,
        ..EntryFilter::default()
    };
    let filter = &filter;
    let (mut snapshot, gaps) = read_partial(
        &source.tiers.store,
        &source.tiers.archive,
        |mut reader, archive| async move {
            let filter = (filter, false);
            let logs =
                recent_logs(&mut reader, &archive, user, filter, None, ENTRIES_PER_PAGE).await?;
            snapshot(
                source,
                &mut reader,
                user,
                logs.into_iter().map(Change::Entry).collect(),
            )
            .await
        },
    )
    .await?;
    snapshot.gaps = gaps;
    Ok(snapshot)
}

/// One page of the history.
pub async fn history(
    source: PageSource<'_>,
    user: UserId,
    query: HistoryQuery,
) -> Result<HistoryPageData> {
    let filter = EntryFilter {
        log_type: parse_field("logType", query.log_type)?,
        status: parse_field("status", query.status)?,
        text: query.text.map(|text| text.chars().take(200).collect()),
        ..EntryFilter::default()
    };
    let before = parse_field("before", query.before)?;
    let filter = (&filter, query.archive);
    let (mut page, gaps) = read_partial(
        &source.tiers.store,
        &source.tiers.archive,
        |mut reader, archive| async move {
            let limit = ENTRIES_PER_PAGE + 1;
            let mut logs = recent_logs(&mut reader, &archive, user, filter, before, limit).await?;
            let more = logs.len() as i64 > ENTRIES_PER_PAGE;
            logs.truncate(ENTRIES_PER_PAGE as usize);
            let next = if more {
                logs.last().map(|log| log.id)
            } else {
                archive.continues_before()
            };
            let conversation_ids: BTreeSet<ConversationId> =
                logs.iter().filter_map(|log| log.conversation_id).collect();
            let titles = conversations::titles(&mut reader, user, &conversation_ids).await?;
            let snapshot = snapshot(
                source,
                &mut reader,
                user,
                logs.into_iter().map(Change::Entry).collect(),
            )
            .await?;
            Ok(HistoryPageData {
                snapshot,
                titles,
                next,
            })
        },
    )
    .await?;
    let full = page.snapshot.rows.len() as i64 == ENTRIES_PER_PAGE;
    let last = match page.snapshot.rows.last() {
        Some(Change::Entry(last)) if full => Some(last.id),
        _ => None,
    };
    // A full page ends before older gaps; they belong to the next page.
    page.next = page
        .next
        .or_else(|| last.filter(|last| gaps.iter().any(|gap| gap.from < *last)));
    page.snapshot.gaps = partial::within(gaps, page.next.map(EntryId::uuid), None);
    Ok(page)
}

fn parse_field<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: Option<String>,
) -> Result<Option<T>> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error: T::Err| Error::refused(field, error.to_string()))
}
