//! `/api/conversations` and `/api/conversations/{id}`.

use crate::{
    domain::{Change, ids::ConversationId, title_from_message},
    server::{
        archive::{holds::keep_conversation, reader::read_partial},
        base::{error::Error, rendered_markdown::render_rows},
        chat::{
            PagePart, create_conversation, delete_conversation, find_conversation,
            list_conversations, page, rename_conversation,
        },
        http::{
            extract::CurrentUser,
            extract::{
                json_body::JsonBody,
                params::{Params, PathId},
            },
            problem::ApiResult,
        },
        state::App,
    },
};
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};
use uuid::Uuid;

const LIMIT_DEFAULT: i64 = 100;
const LIMIT_MAX: i64 = 1_000;

/// The conversations, most recently used first. `next` is the value of `before` for the next page.
pub async fn list(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    mut params: Params,
) -> ApiResult {
    let limit = params
        .number("limit", 1, LIMIT_MAX)
        .unwrap_or(LIMIT_DEFAULT);
    let before: Option<ConversationId> = params.take("before");
    params.finish()?;
    let conversations =
        list_conversations(&mut app.store.read().await?, account.id, before, limit).await?;
    let next = conversations
        .last()
        .filter(|_| conversations.len() as i64 == limit)
        .map(|last| last.id);
    Ok(
        Json(json!({ "success": true, "conversations": conversations, "next": next }))
            .into_response(),
    )
}

/// Creates an empty conversation.
pub async fn create(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    body: JsonBody,
) -> ApiResult {
    app.limits.creates.admit(
        format_args!("conversations of {}", account.id),
        1,
        "conversations",
    )?;
    let title = title(&body.value)?.unwrap_or_else(|| title_from_message(""));
    let conversation = create_conversation(&app.store, app.clock.now(), account.id, &title).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "success": true, "conversation": conversation })),
    )
        .into_response())
}

/// A conversation with its newest messages, or those before `before`.
pub async fn read(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<ConversationId>,
    mut params: Params,
) -> ApiResult {
    let before: Option<Uuid> = params.take("before");
    params.finish()?;
    let part = before.map_or(PagePart::End, PagePart::Before);
    // messages are never archived, so gaps in the archive do not matter
    let read = |mut reader, archive| async move {
        page(&mut reader, &archive, account.id, id, part).await
    };
    let (mut page, _) = read_partial(&app.store, &app.tiers.archive, read).await?;
    render_rows(&mut page.rows).await;
    let messages: Vec<_> = page
        .rows
        .into_iter()
        .filter_map(|row| {
            if let Change::Message(message) = row {
                Some(message)
            } else {
                None
            }
        })
        .collect();
    let mut conversation = json!(page.conversation);
    conversation["messages"] = json!(messages);
    Ok(
        Json(json!({ "success": true, "conversation": conversation, "next": page.span.from }))
            .into_response(),
    )
}

/// Renames a conversation, keeps it or lets it expire again.
pub async fn rename(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<ConversationId>,
    body: JsonBody,
) -> ApiResult {
    let (title, kept) = (title(&body.value)?, kept(&body.value)?);
    if title.is_none() && kept.is_none() {
        return Err(Error::refused("title", "or `kept` is required").into());
    }
    if let Some(kept) = kept {
        keep_conversation(&app.tiers, app.clock.now(), account.id, id, kept).await?;
    }
    let conversation = match title {
        Some(title) => rename_conversation(&app.store, account.id, id, &title).await?,
        None => find_conversation(&mut app.store.read().await?, account.id, id).await?,
    };
    Ok(Json(json!({ "success": true, "conversation": conversation })).into_response())
}

/// Deletes a conversation and everything in it.
pub async fn delete(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    PathId(id): PathId<ConversationId>,
) -> ApiResult {
    let receipt = delete_conversation(
        &app.tiers,
        &app.files,
        app.clock.now(),
        account.id,
        id,
        |turn| app.assistant.cancel(turn),
    )
    .await?;
    Ok(Json(json!({ "success": true, "receipt": receipt })).into_response())
}

fn title(body: &Value) -> Result<Option<String>, Error> {
    match body.get("title") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(title)) => Ok(Some(title.clone())),
        Some(_) => Err(Error::refused("title", "must be text")),
    }
}

fn kept(body: &Value) -> Result<Option<bool>, Error> {
    match body.get("kept") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(kept)) => Ok(Some(*kept)),
        Some(_) => Err(Error::refused("kept", "must be true or false")),
    }
}
