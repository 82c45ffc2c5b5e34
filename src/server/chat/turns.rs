//! A turn's beginning and end as the database sees them. The work in between is
//! `server::assistant`.

use super::conversations::fresh;
use crate::{
    domain::{
        AnswerFacts, CONTENT_MAX_BYTES, Conversation, MediaFile, Message, MessageStatus, Role,
        ids::{ConversationId, MessageId, TurnId, UserId},
        nul,
        time::Timestamp,
        title_of,
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

/// Who asks for a turn and who will work on it.
#[derive(Debug, Clone, Copy)]
pub struct BeginTurn<'a> {
    /// Server time.
    pub now: Timestamp,
    /// Whose turn.
    pub user: UserId,
    /// The process that works on it.
    pub worker: &'a str,
    /// Until when it may work without a sign of life.
    pub lease_until: Timestamp,
    /// What it must fit in.
    pub bounds: TurnLimits,
}

/// Why a turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOutcome {
    /// It ran to its end.
    Finished,
    /// The person stopped it.
    Stopped,
    /// Its worker gave up: the process ends, or the database failed it.
    Interrupted,
    /// Its worker is not heard of any more; only if its lease ran out.
    Lapsed,
}

/// Most turns settled in one pass of [`sweep_turns`].
const BATCH: i64 = 100;

/// What the person asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// The words.
    pub content: String,
    /// The model to be asked first from now on, as `provider:model`; empty for the chain's order,
    /// `None` for no change.
    pub model: Option<String>,
    /// The last message of the person, which these words replace with everything behind it.
    pub replaces: Option<MessageId>,
    /// The files beside them, which are stored already.
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

/// Stores a person's message and begins the turn that answers it; without a conversation a new one
/// begins. Errors: `Refused` for an empty or too long message, `NotFound`, `Conflict` while another
/// turn runs or when the message that is to be replaced is not the last one, and those of
/// [`TurnLimits::admit`].
pub async fn begin_turn(
    store: &Store,
    begin: BeginTurn<'_>,
    conversation: Option<ConversationId>,
    asking: impl Into<NewMessage>,
) -> Result<(TurnRef, Message)> {
    let mut asking = asking.into();
    nul::clean(&mut asking.content);
    let content = checked(&asking.content)?;
    let mut tx = store.begin().await?;
    tx.lock(begin.user).await?;
    begin
        .bounds
        .admit(&mut tx, begin.now, begin.user, &asking.attachments)
        .await?;
    let mut conversation = open(&mut tx, begin, conversation, &content).await?;
    if let Some(model) = asking.model {
        conversation.model = Some(model).filter(|model| !model.is_empty());
    }
    let turn = TurnRef {
        user_id: begin.user,
        id: new_id::turn(begin.now),
        conversation_id: conversation.id,
    };
    for file in &asking.attachments {
        files::insert(
            &mut tx,
            begin.now,
            begin.user,
            &record(conversation.id, file),
        )
        .await?;
    }
    let mut attachments = match asking.replaces {
        Some(replaced) => replace(&mut tx, begin, turn, replaced).await?,
        None => Vec::new(),
    };
    attachments.extend(asking.attachments);
    let mut message = Message {
        attachments,
        ..said(begin.now, turn, content)
    };
    messages::insert(&mut tx, begin.user, &mut message).await?;
    start(&mut tx, begin, turn, &mut conversation).await?;
    tx.commit().await?;
    Ok((turn, message))
}

/// Puts a message out of the conversation that is written anew; its files go on with the new one.
async fn replace(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    turn: TurnRef,
    replaced: MessageId,
) -> Result<Vec<MediaFile>> {
    match messages::last_of_user(tx, begin.user, turn.conversation_id).await? {
        Some(last) if last.id == replaced => {
            messages::supersede(tx, begin.user, begin.now, replaced).await?;
            supersede_behind(tx, begin, turn.conversation_id, replaced).await?;
            Ok(last.attachments)
        }
        _ => Err(Error::Conflict(
            "only the last message can be written anew".into(),
        )),
    }
}

async fn supersede_behind(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    conversation: ConversationId,
    asked: MessageId,
) -> Result<()> {
    for id in messages::after(tx, begin.user, conversation, asked).await? {
        messages::supersede(tx, begin.user, begin.now, id).await?;
    }
    Ok(())
}

/// Begins a turn that answers the person's last message once more; the answers it had are
/// superseded.
pub async fn retry_turn(
    store: &Store,
    begin: BeginTurn<'_>,
    conversation: ConversationId,
) -> Result<TurnRef> {
    let mut tx = store.begin().await?;
    tx.lock(begin.user).await?;
    begin
        .bounds
        .admit(&mut tx, begin.now, begin.user, &[])
        .await?;
    let mut conversation = idle(
        conversations::find(&mut tx, begin.user, conversation)
            .await?
            .ok_or(Error::NotFound("conversation"))?,
    )?;
    let asked = messages::last_of_user(&mut tx, begin.user, conversation.id).await?;
    let asked = asked.ok_or_else(|| Error::Conflict("nothing was asked here yet".into()))?;
    supersede_behind(&mut tx, begin, conversation.id, asked.id).await?;
    let turn = TurnRef {
        user_id: begin.user,
        id: new_id::turn(begin.now),
        conversation_id: conversation.id,
    };
    start(&mut tx, begin, turn, &mut conversation).await?;
    tx.commit().await?;
    Ok(turn)
}

fn checked(content: &str) -> Result<String> {
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

async fn open(
    tx: &mut Tx<'_>,
    begin: BeginTurn<'_>,
    id: Option<ConversationId>,
    content: &str,
) -> Result<Conversation> {
    match id {
        Some(id) => {
            let mut conversation = idle(
                conversations::find(tx, begin.user, id)
                    .await?
                    .ok_or(Error::NotFound("conversation"))?,
            )?;
            if messages::latest(tx, begin.user, id, None, 1)
                .await?
                .is_empty()
                && conversation.title == title_of("")
            {
                conversation.title = title_of(content);
            }
            Ok(conversation)
        }
        None => {
            let mut conversation = fresh(begin.now, title_of(content));
            conversations::insert(tx, begin.user, &mut conversation).await?;
            Ok(conversation)
        }
    }
}

fn idle(conversation: Conversation) -> Result<Conversation> {
    match conversation.running_turn_id {
        None => Ok(conversation),
        Some(_) => Err(Error::Conflict(
            "an answer is being written here; stop it or wait until it is done".into(),
        )),
    }
}

fn said(now: Timestamp, turn: TurnRef, content: String) -> Message {
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

fn record(conversation_id: ConversationId, file: &MediaFile) -> files::FileRecord {
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

async fn start(
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

/// Asks the conversation's running turn to stop, wherever it runs. `None` when nothing runs.
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
        // The revision wakes the process that works on the turn, wherever it is.
        conversations::update(&mut tx, user, &mut conversation).await?;
        tx.commit().await?;
    }
    Ok(conversation.running_turn_id)
}

/// Asks every running turn of a person to stop, wherever it runs; part of the caller's transaction,
/// which holds the owner's lock.
pub async fn stop_turns(tx: &mut Tx<'_>, now: Timestamp, user: UserId) -> Result<Vec<TurnId>> {
    let running = turns::running(tx, user).await?;
    for turn in &running {
        turns::request_stop(tx, now, user, turn.id).await?;
        if let Some(mut conversation) = conversations::find(tx, user, turn.conversation_id).await? {
            // The revision wakes the process that works on the turn, wherever it is.
            conversations::update(tx, user, &mut conversation).await?;
        }
    }
    Ok(running.into_iter().map(|turn| turn.id).collect())
}

/// Ends a turn and settles what it left open, in one transaction. `texts` are answers that were
/// being written, further than the database has them. `false` when it had ended already, or is to
/// be ended as lapsed while its worker lives.
pub async fn end_turn(
    store: &Store,
    now: Timestamp,
    turn: TurnRef,
    ending: TurnOutcome,
    texts: &HashMap<MessageId, String>,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    tx.lock(turn.user_id).await?;
    if !turns::end(&mut tx, now, turn, ending == TurnOutcome::Lapsed).await? {
        return Ok(false);
    }
    let (why, status) = match ending {
        TurnOutcome::Stopped => ("stopped", MessageStatus::Stopped),
        TurnOutcome::Finished | TurnOutcome::Interrupted | TurnOutcome::Lapsed => {
            ("interrupted", MessageStatus::Interrupted)
        }
    };
    for entry in work_logs::of_turn_working(&mut tx, turn.user_id, turn.id).await? {
        settle_interrupted(&mut tx, now, &entry, why).await?;
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

/// Settles turns whose worker stopped renewing its lease before `now`; says how many.
pub async fn sweep_turns(store: &Store, now: Timestamp) -> Result<usize> {
    let lapsed = turns::lapsed(&mut *store.read().await?, now, BATCH).await?;
    let mut settled = 0;
    for turn in lapsed {
        settled +=
            usize::from(end_turn(store, now, turn, TurnOutcome::Lapsed, &HashMap::new()).await?);
    }
    Ok(settled)
}
