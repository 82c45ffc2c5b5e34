//! What pages are rendered from: rows and the cursor that goes with them, read in one snapshot of
//! the database.

use super::{PagePart, list_conversations, page};
use crate::{
    domain::{
        Account, CONVERSATIONS_LISTED, Change, ChatPageData, ConversationSpan,
        ConversationsPageData, Cursor, HistoryPageData, HistoryQuery, PartQuery, Snapshot,
        WorkLogEntry,
        ids::{ConversationId, EntryId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Archive, Tiers, partial, reader::read_partial},
        base::error::{Error, Result},
        store::{Reader, conversations, heads, holds, work_logs::EntryFilter},
        work_log::recent_logs,
    },
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Entries in a feed and on a page of history.
const ENTRIES: i64 = 50;

/// What pages are read from.
#[derive(Clone, Copy)]
pub struct PageSource<'a> {
    /// The rows and the objects.
    pub tiers: &'a Tiers,
    /// Days after which an entry expires.
    pub cold_days: i64,
    /// The time of the page.
    pub now: Timestamp,
}

async fn snapshot(
    source: PageSource<'_>,
    reader: &mut Reader,
    user_id: UserId,
    rows: Vec<Change>,
) -> Result<Snapshot> {
    let rows = rows.into_iter().map(in_order).collect();
    let cursor = Cursor {
        epoch: source.tiers.store.epoch(),
        rev: heads::of(reader, user_id).await?.head,
    };
    Ok(Snapshot {
        user_id,
        rows,
        cursor,
        now: source.now,
        cold_days: source.cold_days,
        gaps: Vec::new(),
    })
}

/// A row as a browser will have it: what is drawn here is drawn again there.
fn in_order(row: Change) -> Change {
    match row {
        Change::Entry(entry) => Change::Entry(WorkLogEntry {
            metadata: entry.metadata.in_order(),
            ..entry
        }),
        row => row,
    }
}

/// The chat page, without the models that can be chosen.
pub async fn chat(
    source: PageSource<'_>,
    account: Account,
    id: Option<ConversationId>,
    part: &PartQuery,
) -> Result<ChatPageData> {
    let (account, part) = (&account, part_of(part)?);
    let (mut page, gaps) = read_partial(
        &source.tiers.store,
        &source.tiers.archive,
        |reader, archive| chat_page(source, (reader, archive), account.clone(), id, part),
    )
    .await?;
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
    let listed =
        list_conversations(&mut reader, account.id, None, CONVERSATIONS_LISTED as i64).await?;
    let mut rows: Vec<Change> = listed.into_iter().map(Change::Conversation).collect();
    let (mut conversation, mut span, mut on_hold, mut gone) =
        (None, ConversationSpan::default(), false, false);
    if let Some(id) = id {
        on_hold = holds::in_force(&mut reader, account.id, Some(id), holds::HoldKind::Hold).await?;
        let page = page(&mut reader, &archive, account.id, id, part).await?;
        gone =
            matches!(part, PagePart::Around(row) if !page.rows.iter().any(|found| is(found, row)));
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

fn is(row: &Change, id: Uuid) -> bool {
    match row {
        Change::Message(message) => message.id.uuid() == id,
        Change::Entry(entry) => entry.id.uuid() == id,
        Change::Conversation(_) | Change::Removed(_) => false,
    }
}

/// Conversations that were used less recently than `before`.
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
        now: source.now,
    })
}

/// What is no id names no part.
fn part_of(query: &PartQuery) -> Result<PagePart> {
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

/// A feed of the newest entries.
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
            let logs =
                recent_logs(&mut reader, &archive, user, (filter, false), None, ENTRIES).await?;
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

/// A page of history.
pub async fn history(
    source: PageSource<'_>,
    user: UserId,
    query: HistoryQuery,
) -> Result<HistoryPageData> {
    let filter = EntryFilter {
        log_type: word("logType", query.log_type)?,
        status: word("status", query.status)?,
        text: query.text.map(|text| text.chars().take(200).collect()),
        ..EntryFilter::default()
    };
    let before = word("before", query.before)?;
    let filter = (&filter, query.archive);
    let (mut page, gaps) = read_partial(
        &source.tiers.store,
        &source.tiers.archive,
        |mut reader, archive| async move {
            let mut logs =
                recent_logs(&mut reader, &archive, user, filter, before, ENTRIES + 1).await?;
            let more = logs.len() as i64 > ENTRIES;
            logs.truncate(ENTRIES as usize);
            let next = if more {
                logs.last().map(|log| log.id)
            } else {
                archive.continues_before()
            };
            let places: BTreeSet<ConversationId> =
                logs.iter().filter_map(|log| log.conversation_id).collect();
            let titles = conversations::titles(&mut reader, user, &places).await?;
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
    let last = match page.snapshot.rows.last() {
        Some(Change::Entry(last)) if page.snapshot.rows.len() as i64 == ENTRIES => Some(last.id),
        _ => None,
    };
    // A page that is full ends before what could not be read.
    page.next = page
        .next
        .or_else(|| last.filter(|last| gaps.iter().any(|gap| gap.from < *last)));
    page.snapshot.gaps = partial::within(gaps, page.next.map(EntryId::uuid), None);
    Ok(page)
}

fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: Option<String>,
) -> Result<Option<T>> {
    text.map(|text| text.parse())
        .transpose()
        .map_err(|why: T::Err| Error::refused(field, why.to_string()))
}
