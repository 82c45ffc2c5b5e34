//! The start and end of a turn in the database. The work in between is in `server::assistant`.

use super::conversations::new_conversation;
use crate::{
    domain::{
        AnswerFacts, CONTENT_MAX_BYTES, Conversation, MediaFile, Message, MessageStatus, Role,
        ids::{ConversationId, MessageId, TurnId, UserId},
        nul,
        time::Timestamp,
        title_from_message,
    },
    server::{
        base::{
            error::{Error, Result},
            masking, new_id,
        },
        limits::TurnLimits,
        store::{
            Store, Tx, conversations, files, messages,
            turns::{self, TurnRef},
            work_logs,
        },
        work_log::settle_interrupted,
    },
};
use std::collections::HashMap;

/// Parameters for starting a turn.
#[derive(Debug, Clone, Copy)]
pub struct BeginTurn<'a> {
    /// Server time.
    pub now: Timestamp,
    /// The owner.
    pub user: UserId,
    /// The process that works on it.
    pub worker: &'a str,
    /// When its lease ends if it is not renewed.
    pub lease_until: Timestamp,
    /// Limits on running turns, messages and storage.
    pub limits: TurnLimits,
}

/// How a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOutcome {
    /// It completed.
    Finished,
    /// The user stopped it.
    Stopped,
    /// Its worker aborted it: the process shuts down or the database failed.
    Interrupted,
    /// Its worker disappeared; applies only if the lease has expired.
    Lapsed,
}

/// Maximum number of turns settled in one run of [`sweep_turns`].
const BATCH_SIZE: i64 = 100;

/// A message to be sent by a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// The text.
    pub content: String,
    /// The model to prefer from now on, as `provider:model`; empty for the order of the chain,
    /// `None` for no change.
    pub model: Option<String>,
    /// The user's last message, which this one replaces together with everything after it.
    pub replaces: Option<MessageId>,
    /// The attached files, which are stored already.
    pub attachments: Vec<MediaFile>,
}

impl From<&str> for NewMessage {
    fn from(content: &str) -> Self {
        Self {
            content: content.to_owned(),
            ..Self::default()
        }
    }
}

/// Stores a user's message and starts the turn that answers it; without a conversation a new one is
/// created. Errors: `Refused` for an empty or too long message, `NotFound`, `Conflict` while
/// another turn runs or if the message to replace is not the last one, and those of
/// [`TurnLimits::admit`].
pub async fn begin_turn(
    store: &Store,
    begin: BeginTurn<'_>,
    conversation: Option<ConversationId>,
    message: impl Into<NewMessage>,
) -> Result<(TurnRef, Message)> {
    let mut new = message.into();
    nul::clean(&mut new.content);
    let content = checked_content(&new.content)?;
    let mut tx = store.begin().await?;
    tx.lock(begin.user).await?;
    begin
        .limits
        .admit(&mut tx, begin.now, begin.user, &new.attachments)
        .await?;
    let mut conversation = open_conversation(&mut tx, begin, conversation, &content).await?;
    if let Some(model) = new.model {
        conversation.model = Some(model).filter(|model| !model.is_empty());
    }
    let turn = TurnRef {
        user_id: begin.user,
        id: new_id::turn(begin.now),
        conversation_id: conversation.id,
    };
    for file in &new.attachments {
        files::insert(
            &mut tx,
            begin.now,
            begin.user,
            &file_record(conversation.id, file),
        )
        .await?;
    }
    let mut attachments = match new.replaces {
        Some(replaced) => replace(&mut tx, begin, turn, replaced).await?,
        None => Vec::new(),
    };
    attachments.extend(new.attachments);
    let mut message = Message {
        attachments,
        ..user_message(begin.now, turn, content)
    };
    messages::insert(&mut tx, begin.user, &mut message).await?;
    start_turn(&mut tx, begin, turn, &mut conversation).await?;
    tx.commit().await?;
    Ok((turn, message))
}

/// Supersedes the user's last message and everything after it. Returns its files for the new
/// message.
async fn replace(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    turn: TurnRef,
    replaced: MessageId,
) -> Result<Vec<MediaFile>> {
    match messages::last_of_user(tx, begin.user, turn.conversation_id).await? {
        Some(last) if last.id == replaced => {
            messages::supersede(tx, begin.user, begin.now, replaced).await?;
            supersede_after(tx, begin, turn.conversation_id, replaced).await?;
            Ok(last.attachments)
        }
        _ => Err(Error::Conflict(
            "only the last message can be edited".into(),
        )),
    }
}

async fn supersede_after(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    conversation: ConversationId,
    message: MessageId,
) -> Result<()> {
    for id in messages::after(tx, begin.user, conversation, message).await? {
        messages::supersede(tx, begin.user, begin.now, id).await?;
    }
    Ok(())
}

/// Starts another turn for the user's last message; its earlier answers are superseded.
pub async fn retry_turn(
    store: &Store,
    begin: BeginTurn<'_>,
    conversation: ConversationId,
) -> Result<TurnRef> {
    let mut tx = store.begin().await?;
    tx.lock(begin.user).await?;
    begin
        .limits
        .admit(&mut tx, begin.now, begin.user, &[])
        .await?;
    let mut conversation = require_idle(
        conversations::find(&mut tx, begin.user, conversation)
            .await?
            .ok_or(Error::NotFound("conversation"))?,
    )?;
    let message = messages::last_of_user(&mut tx, begin.user, conversation.id).await?;
    let message = message.ok_or_else(|| Error::Conflict("there is no message to answer".into()))?;
    supersede_after(&mut tx, begin, conversation.id, message.id).await?;
    let turn = TurnRef {
        user_id: begin.user,
        id: new_id::turn(begin.now),
        conversation_id: conversation.id,
    };
    start_turn(&mut tx, begin, turn, &mut conversation).await?;
    tx.commit().await?;
    Ok(turn)
}

fn checked_content(content: &str) -> Result<String> {
    let content = content.trim();
    match content.len() {
        0 => Err(Error::refused("content", "must not be empty")),
        n if n > CONTENT_MAX_BYTES => Err(Error::refused(
            "content",
            format!("must be at most {CONTENT_MAX_BYTES} bytes, not {n}"),
        )),
        _ => Ok(masking::mask(content).0),
    }
}

async fn open_conversation(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    id: Option<ConversationId>,
    content: &str,
) -> Result<Conversation> {
    match id {
        Some(id) => {
            let mut conversation = require_idle(
                conversations::find(tx, begin.user, id)
                    .await?
                    .ok_or(Error::NotFound("conversation"))?,
            )?;
            if messages::latest(tx, begin.user, id, None, 1)
                .await?
                .is_empty()
                && conversation.title == title_from_message("")
            {
                conversation.title = title_from_message(content);
            }
            Ok(conversation)
        }
        None => {
            let mut conversation = new_conversation(begin.now, title_from_message(content));
            conversations::insert(tx, begin.user, &mut conversation).await?;
            Ok(conversation)
        }
    }
}

fn require_idle(conversation: Conversation) -> Result<Conversation> {
    match conversation.running_turn_id {
        None => Ok(conversation),
        Some(_) => Err(Error::Conflict(
            "an answer is in progress in this conversation; stop it or wait for it".into(),
        )),
    }
}

fn user_message(now: Timestamp, turn: TurnRef, content: String) -> Message {
    Message {
        id: new_id::message(now),
        conversation_id: turn.conversation_id,
        turn_id: Some(turn.id),
        role: Role::User,
        content,
        html: None,
        html_bytes: 0,
        attachments: Vec::new(),
        status: MessageStatus::Done,
        facts: AnswerFacts::default(),
        created_at: now,
        updated_at: now,
        rev: 0,
    }
}

fn file_record(conversation_id: ConversationId, file: &MediaFile) -> files::FileRecord {
    let MediaFile {
        id,
        media_type,
        name,
        bytes,
        ..
    } = file.clone();
    files::FileRecord {
        id,
        conversation_id,
        media_type,
        name,
        bytes,
    }
}

async fn start_turn(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    turn: TurnRef,
    conversation: &mut Conversation,
) -> Result<()> {
    turns::insert(tx, begin.now, turn, begin.worker, begin.lease_until).await?;
    conversation.running_turn_id = Some(turn.id);
    conversation.updated_at = begin.now;
    Ok(conversations::update(tx, begin.user, conversation).await?)
}

/// Requests the conversation's running turn to stop, in any process. `None` if none is running.
pub async fn request_stop(
    store: &Store,
    now: Timestamp,
    user: UserId,
    conversation: ConversationId,
) -> Result<Option<TurnId>> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let mut conversation = conversations::find(&mut tx, user, conversation)
        .await?
        .ok_or(Error::NotFound("conversation"))?;
    if let Some(turn) = conversation.running_turn_id {
        turns::request_stop(&mut tx, now, user, turn).await?;
        // The new revision wakes the process that runs the turn.
        conversations::update(&mut tx, user, &mut conversation).await?;
        tx.commit().await?;
    }
    Ok(conversation.running_turn_id)
}

/// Requests every running turn of a user to stop, in any process. Part of the caller's transaction,
/// which holds the owner's lock.
pub async fn stop_turns(tx: &mut Tx<'_>, now: Timestamp, user: UserId) -> Result<Vec<TurnId>> {
    let running = turns::running(tx, user).await?;
    for turn in &running {
        turns::request_stop(tx, now, user, turn.id).await?;
        if let Some(mut conversation) = conversations::find(tx, user, turn.conversation_id).await? {
            // The new revision wakes the process that runs the turn.
            conversations::update(tx, user, &mut conversation).await?;
        }
    }
    Ok(running.into_iter().map(|turn| turn.id).collect())
}

/// Ends a turn and settles its open entries and messages in one transaction. `texts` has the text
/// of growing answers, which may be longer than the stored text. Returns `false` if the turn has
/// ended already, or if it should end as lapsed but its lease is valid.
pub async fn end_turn(
    store: &Store,
    now: Timestamp,
    turn: TurnRef,
    outcome: TurnOutcome,
    texts: &HashMap<MessageId, String>,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    tx.lock(turn.user_id).await?;
    if !turns::end(&mut tx, now, turn, outcome == TurnOutcome::Lapsed).await? {
        return Ok(false);
    }
    let (reason, status) = match outcome {
        TurnOutcome::Stopped => ("stopped", MessageStatus::Stopped),
        TurnOutcome::Finished | TurnOutcome::Interrupted | TurnOutcome::Lapsed => {
            ("interrupted", MessageStatus::Interrupted)
        }
    };
    for entry in work_logs::of_turn_working(&mut tx, turn.user_id, turn.id).await? {
        settle_interrupted(&mut tx, now, &entry, reason).await?;
    }
    for mut message in messages::streaming(&mut tx, turn.user_id, turn.id).await? {
        message.status = status;
        message.updated_at = now;
        if let Some(text) = texts.get(&message.id) {
            message.content.clone_from(text);
        }
        messages::update(&mut tx, turn.user_id, &mut message).await?;
    }
    if let Some(mut conversation) =
        conversations::find(&mut tx, turn.user_id, turn.conversation_id).await?
        && conversation.running_turn_id == Some(turn.id)
    {
        conversation.running_turn_id = None;
        conversation.updated_at = now;
        conversations::update(&mut tx, turn.user_id, &mut conversation).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Settles turns whose lease expired before `now`. Returns how many.
pub async fn sweep_turns(store: &Store, now: Timestamp) -> Result<usize> {
    let lapsed = turns::lapsed(&mut *store.read().await?, now, BATCH_SIZE).await?;
    let mut settled = 0;
    for turn in lapsed {
        let ended = end_turn(store, now, turn, TurnOutcome::Lapsed, &HashMap::new()).await?;
        settled += usize::from(ended);
    }
    Ok(settled)
}
