//! Creates, lists, renames and deletes conversations.

use crate::{
    domain::{
        CONVERSATION_TITLE_MAX_CHARS, Conversation, DeleteReceipt, RemovedKind,
        ids::{ConversationId, TurnId, UserId},
        nul,
        time::Timestamp,
    },
    server::{
        archive::{Tiers, erase::delete_marked_objects, pending_delete},
        base::{
            error::{Error, Result},
            new_id, rendered_markdown,
        },
        files::{FileStore, sweep::delete_marked_files_or_log},
        store::{
            Reader, Store, conversations, files, removed,
            retention::{erasures::ErasureKind, rows},
        },
    },
};

/// The result of deleting a conversation's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedConversation {
    /// The turn that was running; the caller stops it after the commit.
    pub running_turn: Option<TurnId>,
    /// What was deleted.
    pub receipt: DeleteReceipt,
}

/// Creates an empty conversation.
pub async fn create_conversation(
    store: &Store,
    now: Timestamp,
    user: UserId,
    title: &str,
) -> Result<Conversation> {
    let mut conversation = new_conversation(now, checked_title(title)?);
    let mut tx = store.begin().await?;
    conversations::insert(&mut tx, user, &mut conversation).await?;
    tx.commit().await?;
    Ok(conversation)
}

/// A new conversation that is not stored yet.
pub(super) fn new_conversation(now: Timestamp, title: String) -> Conversation {
    Conversation {
        id: new_id::conversation(now),
        title,
        created_at: now,
        updated_at: now,
        running_turn_id: None,
        model: None,
        kept: false,
        rev: 0,
    }
}

fn checked_title(title: &str) -> Result<String> {
    let mut title = title.trim().to_owned();
    nul::clean(&mut title);
    match title.chars().count() {
        1..=CONVERSATION_TITLE_MAX_CHARS => Ok(title),
        n => Err(Error::refused(
            "title",
            format!("must be 1 to {CONVERSATION_TITLE_MAX_CHARS} characters, not {n}"),
        )),
    }
}

/// Finds a conversation of the user.
pub async fn find_conversation(
    reader: &mut Reader,
    user: UserId,
    id: ConversationId,
) -> Result<Conversation> {
    conversations::find(reader, user, id)
        .await?
        .ok_or(Error::NotFound("conversation"))
}

/// The user's conversations, most recently used first, at most `limit`; with `before` those used
/// less recently than that one.
pub async fn list_conversations(
    reader: &mut Reader,
    user: UserId,
    before: Option<ConversationId>,
    limit: i64,
) -> Result<Vec<Conversation>> {
    Ok(conversations::latest(reader, user, before, limit).await?)
}

/// Changes a conversation's title.
pub async fn rename_conversation(
    store: &Store,
    user: UserId,
    id: ConversationId,
    title: &str,
) -> Result<Conversation> {
    let title = checked_title(title)?;
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let mut conversation = conversations::find(&mut tx, user, id)
        .await?
        .ok_or(Error::NotFound("conversation"))?;
    conversation.title = title;
    conversations::update(&mut tx, user, &mut conversation).await?;
    tx.commit().await?;
    Ok(conversation)
}

/// Deletes a conversation with its messages, its entries in every tier and its files; `stop` stops
/// a turn that runs in it. Objects and files that cannot be deleted now are deleted by a later run.
pub async fn delete_conversation(
    tiers: &Tiers,
    stored: &FileStore,
    now: Timestamp,
    user: UserId,
    id: ConversationId,
    stop: impl Fn(TurnId),
) -> Result<DeleteReceipt> {
    let deleted = delete_conversation_rows(&tiers.store, now, user, id).await?;
    deleted.running_turn.into_iter().for_each(stop);
    rendered_markdown::clear();
    delete_marked_files_or_log(&tiers.store, stored).await;
    let (objects, objects_pending) = delete_marked_objects(tiers, now, user).await?;
    Ok(DeleteReceipt {
        objects,
        objects_pending,
        ..deleted.receipt
    })
}

/// The transaction of the deletion: deletes the rows and makes archived entries unreadable.
pub async fn delete_conversation_rows(
    store: &Store,
    now: Timestamp,
    user: UserId,
    id: ConversationId,
) -> Result<DeletedConversation> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let conversation = conversations::find(&mut tx, user, id)
        .await?
        .ok_or(Error::NotFound("conversation"))?;
    pending_delete::check_not_held(&mut tx, user, Some(id), "deleted").await?;
    let mut receipt = DeleteReceipt {
        conversations: 1,
        files: files::mark_conversation(&mut tx, user, id).await?,
        ..DeleteReceipt::default()
    };
    receipt.rows = rows::delete_conversation(&mut tx, user, id).await?;
    receipt.archived = pending_delete::mark_objects(&mut tx, user, Some(id)).await?;
    pending_delete::record_erasure(&mut tx, now, ErasureKind::Conversation, id).await?;
    receipt.messages = conversations::delete(&mut tx, user, id).await?;
    removed::record(&mut tx, now, user, RemovedKind::Conversation, id.uuid()).await?;
    tx.commit().await?;
    Ok(DeletedConversation {
        running_turn: conversation.running_turn_id,
        receipt,
    })
}
