//! Everything a person has, to take along: `pieces` reads it a page at a time from all tiers,
//! `html` and `jsonl` write it down. An export is whole or it breaks off: where the archive does
//! not answer, it does not begin or the transfer ends short, so nobody takes it for whole.

mod html;
pub mod records;

use super::{archive::Archive, base::error::Result, store::Store};
use crate::domain::{
    Change, Message,
    ids::{ConversationId, UserId},
    time::Timestamp,
};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use records::{ExportRecord, entries, everything};
use serde_json::json;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON value a line, for programs.
    Jsonl,
    /// One page, to read.
    Html,
}

/// What is exported.
#[derive(Debug, Clone, Copy)]
pub struct ExportRequest {
    /// Whose.
    pub user: UserId,
    /// Only of this conversation.
    pub conversation_id: Option<ConversationId>,
    /// Whether what was said goes along. Then it is told conversation by conversation, oldest
    /// first; without it there are only entries, newest first, as the list shows them.
    pub messages: bool,
    /// How it is written.
    pub format: Format,
}

/// Where an export is read from, and what its page says of it.
#[derive(Clone)]
pub struct ExportSource {
    /// The rows.
    pub store: Store,
    /// The objects.
    pub archive: Archive,
    /// The time that the page names.
    pub now: Timestamp,
    /// The address that links of the page begin with.
    pub public_url: String,
}

/// The export as a stream of text. Errors: the first rows could not be read; when later rows
/// cannot be read, the stream ends with an error.
pub async fn export(
    source: ExportSource,
    wanted: ExportRequest,
) -> Result<impl Stream<Item = Result<String>>> {
    let html = wanted.format == Format::Html;
    let head = html.then(|| Ok(html::head(source.now)));
    let site = source.public_url.clone();
    let pieces = if wanted.messages {
        everything(source, wanted).left_stream()
    } else {
        entries(source, wanted).right_stream()
    };
    let mut pieces = Box::pin(pieces);
    let mut first = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        first.push(piece);
        if let Some(ExportRecord::Rows(_)) = first.last() {
            break;
        }
    }
    let body = stream::iter(first.into_iter().map(Ok))
        .chain(pieces)
        .map(move |piece| {
            let piece =
                piece.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
            Ok(if html {
                html::piece(&piece, &site)
            } else {
                jsonl(&piece)
            })
        });
    let foot = html.then(|| Ok(html::FOOT.to_owned()));
    Ok(stream::iter(head).chain(body).chain(stream::iter(foot)))
}

/// Entries stand as the list shows them, a line each; a conversation and a message are named by
/// their one field.
fn jsonl(piece: &ExportRecord) -> String {
    let lines = |rows: &[Change]| {
        rows.iter()
            .filter_map(line)
            .map(|line| line + "\n")
            .collect::<String>()
    };
    match piece {
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
        // Its Markdown is there; how the page renders it is nothing to keep.
        Change::Message(message) => {
            Some(json!({ "message": Message { html: None, ..message.clone() } }).to_string())
        }
        Change::Conversation(_) | Change::Removed(_) => None,
    }
}
