//! `GET /api/work-log/list`: a page of entries, or with `after` the changes since a cursor, as on
//! the stream.

use crate::{
    domain::{
        Change, Cursor, Message, Scope, Scopes,
        ids::{ConversationId, EntryId, UserId},
    },
    server::{
        archive::{partial, reader::read_partial},
        base::{error, rendered_markdown::render_rows},
        feed::{Position, check_cursor, growing, growth_events},
        http::{
            extract::{Identity, params::Params},
            problem::{ApiResult, Problem},
        },
        state::App,
        store::{
            Subscription, Wake, answer_parts,
            changes::{self, ChangePage},
            heads,
            work_logs::EntryFilter,
        },
        work_log::recent_logs,
    },
};
use axum::{Json, extract::State, response::IntoResponse};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

#[cfg(test)]
mod tests;

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;
const WAIT_MAX_S: i64 = 60;
/// A poll waits at most this long while an answer grows.
const WAIT_WITH_TEXT: Duration = Duration::from_secs(1);
const SEARCH_MAX_CHARS: usize = 200;

struct ListQuery {
    filter: EntryFilter,
    archive: bool,
    scope: &'static str,
    limit: i64,
    before: Option<EntryId>,
    after: Option<Cursor>,
    wait: Duration,
}

impl ListQuery {
    fn parse(mut params: Params) -> Result<Self, Problem> {
        let conversation_id: Option<ConversationId> = params.take("conversationId");
        let scope = match params.text("scope", 20).as_deref() {
            None if conversation_id.is_some() => "conversation",
            None | Some("user") => "user",
            Some("conversation") => "conversation",
            Some(_) => {
                params.refuse("scope", "must be user or conversation");
                "user"
            }
        };
        if scope == "conversation" && conversation_id.is_none() {
            params.refuse("conversationId", "is required with scope=conversation");
        }
        let filter = EntryFilter {
            conversation_id: conversation_id.filter(|_| scope == "conversation"),
            log_type: params.take("logType"),
            status: params.take("status"),
            storage_status: params.take("storageStatus"),
            text: params.text("q", SEARCH_MAX_CHARS),
        };
        let limit = params
            .number("limit", 1, LIMIT_MAX)
            .unwrap_or(LIMIT_DEFAULT);
        let (before, after) = (params.take("before"), params.take("after"));
        let archive = params.take("archive").unwrap_or(false);
        let wait = params.number("wait", 0, WAIT_MAX_S);
        if wait.is_some() && after.is_none() {
            params.refuse("wait", "needs `after`");
        }
        params.finish()?;
        Ok(Self {
            filter,
            archive,
            scope,
            limit,
            before,
            after,
            wait: Duration::from_secs(wait.unwrap_or(0).unsigned_abs()),
        })
    }
}

/// A page of entries, newest first; or the changes after a cursor. Rows outside the caller's scopes
/// are left out.
pub async fn list(State(app): State<App>, identity: Identity, params: Params) -> ApiResult {
    let query = ListQuery::parse(params)?;
    match query.after {
        Some(after) => changes_after(&app, &identity, &query, after).await,
        None => page(&app, &identity, &query).await,
    }
}

async fn page(app: &App, identity: &Identity, query: &ListQuery) -> ApiResult {
    let user = identity.account.id;
    let ((cursor, mut logs, goes_on), gaps) = read_partial(
        &app.store,
        &app.tiers.archive,
        |mut reader, archive| async move {
            let cursor = Cursor {
                epoch: app.store.epoch(),
                rev: heads::find(&mut reader, user).await?.head,
            };
            if !identity.scopes.contains(Scope::LogRead) {
                return Ok((cursor, Vec::new(), None));
            }
            let filter = (&query.filter, query.archive);
            let logs = recent_logs(
                &mut reader,
                &archive,
                user,
                filter,
                query.before,
                query.limit + 1,
            )
            .await?;
            Ok((cursor, logs, archive.continues_before()))
        },
    )
    .await?;
    let full = logs.len() as i64 == query.limit;
    let missing = logs
        .last()
        .is_some_and(|last| full && gaps.iter().any(|gap| gap.from < last.id));
    let more = logs.len() as i64 > query.limit || missing;
    logs.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    let next = logs.last().map(|log| log.id).filter(|_| more).or(goes_on);
    let count = logs.len();
    let gaps = partial::within(gaps, next.map(EntryId::uuid), None);
    Ok(Json(json!({
        "success": true,
        "logs": logs,
        "count": count,
        "scope": query.scope,
        "cursor": cursor,
        "next": next,
        "complete": gaps.is_empty(),
        "gaps": gaps,
    }))
    .into_response())
}

/// Returns the changes after a cursor. Without any it waits for a commit, at most `wait`.
async fn changes_after(
    app: &App,
    identity: &Identity,
    query: &ListQuery,
    after: Cursor,
) -> ApiResult {
    let user = identity.account.id;
    let mut wakes = app.store.wakeups().subscribe(user);
    let seen = *wakes.borrow_and_update();
    if let Position::Reset(reason) =
        check_cursor(&app.store, &mut app.store.read().await?, user, Some(after)).await?
    {
        return Err(Problem::reset(reason.as_str()));
    }
    let until_with_text = Instant::now() + query.wait.min(WAIT_WITH_TEXT);
    let mut wait = Wait {
        until: Instant::now() + query.wait,
        until_with_text,
        seen,
    };
    if query.wait > WAIT_WITH_TEXT && !growing_answers(app, identity, query).await?.is_empty() {
        wait.until = until_with_text;
    }
    let mut from = after.rev;
    loop {
        let page = read_changes(app, user, from).await?;
        let rows: Vec<_> = page
            .rows
            .into_iter()
            .filter(|row| concerns(row, query, identity.scopes))
            .collect();
        if !rows.is_empty() || page.more {
            return answer(app, identity, query, rows, (page.upto, page.more)).await;
        }
        from = page.upto;
        let is_woken = tokio::select! {
            woken = wait.for_change(&mut wakes, from) => woken,
            () = app.shutdown.cancelled() => false,
        };
        if !is_woken {
            return answer(app, identity, query, rows, (from, false)).await;
        }
        let has_expired = identity
            .expires_at
            .is_some_and(|expires_at| expires_at <= app.clock.now());
        if has_expired
            || wakes.borrow().access != seen.access
                && identity.credential.identity(app).await?.is_none()
        {
            return Err(Problem::signed_out());
        }
    }
}

/// How long a poll waits for a change.
struct Wait {
    until: Instant,
    /// The same once an answer has grown.
    until_with_text: Instant,
    seen: Wake,
}

impl Wait {
    /// Waits until there may be rows after `from` or access may have changed. `false` when the time
    /// is over or the server ends.
    async fn for_change(&mut self, wakes: &mut Subscription, from: i64) -> bool {
        loop {
            let wake = *wakes.borrow_and_update();
            if wake.text != self.seen.text {
                self.until = self.until_with_text;
            }
            let is_changed = wake.rev > from || wake.access != self.seen.access;
            self.seen = wake;
            if is_changed {
                return true;
            }
            let is_woken = tokio::select! {
                changed = wakes.changed() => changed.is_ok(),
                () = tokio::time::sleep_until(self.until) => false,
            };
            if !is_woken {
                return false;
            }
        }
    }
}

/// The changes after a revision; messages that are being written with their text so far.
async fn read_changes(app: &App, user: UserId, from: i64) -> error::Result<ChangePage> {
    let mut connection = app.store.connection().await?;
    let mut page = changes::after(&mut connection, user, from).await?;
    let messages: Vec<&mut Message> = page
        .rows
        .iter_mut()
        .filter_map(|row| match row {
            Change::Message(message) => Some(message),
            _ => None,
        })
        .collect();
    answer_parts::complete(&mut connection, user, messages).await?;
    drop(connection);
    render_rows(&mut page.rows).await;
    Ok(page)
}

fn concerns(row: &Change, query: &ListQuery, scopes: Scopes) -> bool {
    if !scopes.contains(row.scope()) {
        return false;
    }
    let filter = &query.filter;
    let is_in_scope =
        |id: Option<ConversationId>| filter.conversation_id.is_none_or(|only| id == Some(only));
    match row {
        Change::Entry(entry) => {
            is_in_scope(entry.conversation_id)
                && filter.log_type.is_none_or(|kind| kind == entry.log_type)
                && filter.status.is_none_or(|status| status == entry.status)
                && filter
                    .storage_status
                    .is_none_or(|tier| tier == entry.storage_status)
        }
        Change::Message(message) => is_in_scope(Some(message.conversation_id)),
        Change::Conversation(conversation) => is_in_scope(Some(conversation.id)),
        Change::Removed(_) => true,
    }
}

async fn growing_answers(
    app: &App,
    identity: &Identity,
    query: &ListQuery,
) -> error::Result<Vec<Value>> {
    if !identity.scopes.contains(Scope::Chat) {
        return Ok(Vec::new());
    }
    let user = identity.account.id;
    let growing = growing(&app.store, &app.feed, user, query.filter.conversation_id).await?;
    let events = growing.iter().flat_map(growth_events);
    Ok(events.map(|(event, data)| json!({ event: data })).collect())
}

/// The rows, and the answers in progress as a stream sends them to one who joins late.
async fn answer(
    app: &App,
    identity: &Identity,
    query: &ListQuery,
    rows: Vec<Change>,
    (upto, more): (i64, bool),
) -> ApiResult {
    let growing = growing_answers(app, identity, query).await?;
    let cursor = Cursor {
        epoch: app.store.epoch(),
        rev: upto,
    };
    let (mut logs, mut messages, mut conversations, mut removed) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row {
            Change::Entry(entry) => logs.push(entry),
            Change::Message(message) => messages.push(message),
            Change::Conversation(conversation) => conversations.push(conversation),
            Change::Removed(removal) => removed.push(removal),
        }
    }
    Ok(Json(json!({
        "success": true,
        "count": logs.len(),
        "logs": logs,
        "messages": messages,
        "conversations": conversations,
        "removed": removed,
        "growing": growing,
        "scope": query.scope,
        "cursor": cursor,
        "next": null,
        "more": more,
    }))
    .into_response())
}
