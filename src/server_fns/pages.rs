//! Data of the chat page, read in one snapshot with the cursor from which the live feed continues.

use crate::domain::{ChatPageData, EarlierRows, PartQuery, error::ApiError, ids::ConversationId};
use leptos::prelude::*;
use uuid::Uuid;

/// Data of the chat page: a part of a conversation, or an empty new one.
#[server(prefix = "/fn", endpoint = "page/chat")]
pub async fn load_chat(
    conversation_id: Option<ConversationId>,
    part: PartQuery,
) -> Result<ChatPageData, ApiError> {
    use crate::server::{chat::snapshots, http::server_fn_context};
    let (app, identity) = server_fn_context::caller()?;
    let page = snapshots::chat(
        app.snapshot_source(),
        identity.account,
        conversation_id,
        &part,
    )
    .await?;
    Ok(ChatPageData {
        models: app.assistant.choices(),
        ..page
    })
}

/// A page of the conversation's rows before the row `before`.
#[server(prefix = "/fn", endpoint = "page/earlier")]
pub async fn load_earlier(
    conversation_id: ConversationId,
    before: Uuid,
) -> Result<EarlierRows, ApiError> {
    use crate::server::{
        archive::{partial, reader::read_partial},
        base::rendered_markdown::render_rows,
        chat::{PagePart, page},
        http::server_fn_context,
    };
    let (app, identity) = server_fn_context::caller()?;
    let user = identity.account.id;
    let read = |mut reader, archive| async move {
        page(
            &mut reader,
            &archive,
            user,
            conversation_id,
            PagePart::Before(before),
        )
        .await
    };
    let (mut page, gaps) = read_partial(&app.store, &app.tiers.archive, read).await?;
    render_rows(&mut page.rows).await;
    let gaps = partial::within(gaps, page.span.from, page.span.to);
    Ok(EarlierRows {
        rows: page.rows,
        from: page.span.from,
        gaps,
    })
}
