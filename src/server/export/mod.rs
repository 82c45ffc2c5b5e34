//! Export of a user's data. `records` reads it page by page from all tiers; `html` formats it
//! as a page; JSON lines are written here. An export is complete or fails: if the archive is unreachable, it does not begin or
//! the transfer is aborted, so that a client does not take a part for the whole.

mod html;
pub mod records;

use super::{archive::Archive, base::error::Result, store::Store};
use crate::domain::{
    Change, Message,
    ids::{ConversationId, UserId},
    time::Timestamp,
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use records::{ExportRecord, all_records, entry_records};
use serde_json::json;

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON value per line, for programs.
    Jsonl,
    /// One HTML page for reading.
    Html,
}

/// Which data is exported.
#[derive(Debug, Clone, Copy)]
pub struct ExportRequest {
    /// The owner.
    pub user: UserId,
    /// Limits the export to this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Whether to include messages. With messages the export goes conversation by conversation,
    /// oldest first; without them it has only entries, newest first as in the list.
    pub messages: bool,
    /// Whether to include entries.
    pub entries: bool,
    /// The format.
    pub format: Format,
}

/// What an export is read from, and values for the HTML page.
#[derive(Clone)]
pub struct ExportSource {
    /// The database.
    pub store: Store,
    /// The archive.
    pub archive: Archive,
    /// The time shown on the page.
    pub now: Timestamp,
    /// The base of links on the page.
    pub public_url: String,
}

/// The export as a stream of text. Errors: the first rows could not be read; if later rows cannot
/// be read, the stream ends with an error.
pub async fn export(
    source: ExportSource,
    request: ExportRequest,
) -> Result<impl Stream<Item = Result<String>>> {
    let html = request.format == Format::Html;
    let head = html.then(|| Ok(html::head(source.now)));
    let base_url = source.public_url.clone();
    let records = if request.messages {
        all_records(source, request).left_stream()
    } else {
        entry_records(source, request).right_stream()
    };
    let mut records = Box::pin(records);
    let mut first = Vec::new();
    while let Some(record) = records.try_next().await? {
        first.push(record);
        if let Some(ExportRecord::Rows(_)) = first.last() {
            break;
        }
    }
    let body = stream::iter(first.into_iter().map(Ok))
        .chain(records)
        .map(move |record| {
            let record =
                record.inspect_err(|error| tracing::error!(%error, "an export was aborted"))?;
            Ok(if html {
                html::record(&record, &base_url)
            } else {
                jsonl(&record)
            })
        });
    let foot = html.then(|| Ok(html::FOOT.to_owned()));
    Ok(stream::iter(head).chain(body).chain(stream::iter(foot)))
}

/// A record as JSON lines. Entries are written as in the list; conversations and messages are
/// wrapped in an object with one field, which names their kind.
fn jsonl(record: &ExportRecord) -> String {
    let lines = |rows: &[Change]| {
        rows.iter()
            .filter_map(line)
            .map(|line| line + "\n")
            .collect::<String>()
    };
    match record {
        ExportRecord::Conversation(conversation) => {
            json!({ "conversation": conversation }).to_string() + "\n"
        }
        ExportRecord::Outside => String::new(),
        ExportRecord::Rows(rows) => lines(rows),
    }
}

fn line(row: &Change) -> Option<String> {
    match row {
        Change::Entry(entry) => serde_json::to_string(entry).ok(),
        // The Markdown is exported; the rendered HTML can be made from it.
        Change::Message(message) => {
            Some(json!({ "message": Message { html: None, ..message.clone() } }).to_string())
        }
        Change::Conversation(_) | Change::Removed(_) => None,
    }
}
