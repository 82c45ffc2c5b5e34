//! Holds: conversations kept by their owner, and users and conversations held by an admin.

use crate::{
    domain::{
        HoldInfo,
        ids::{ConversationId, UserId},
        nul,
        time::Timestamp,
    },
    server::{
        archive::{Tiers, tiers::begin},
        base::{
            error::{Error, Result},
            new_id,
        },
        store::{
            conversations,
            holds::{self, Hold, HoldKind, NamedHold},
            users,
        },
    },
};

/// Maximum number of holds listed.
const MAX_LISTED: i64 = 1_000;
/// Longest reason, in characters.
const REASON_MAX_CHARS: usize = 500;

/// Keeps a conversation forever, or lets its entries expire again. Readers see the change in their
/// feed.
pub async fn keep_conversation(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    id: ConversationId,
    kept: bool,
) -> Result<()> {
    let mut tx = begin(&tiers.store, None, user).await?;
    let mut conversation = conversations::find(&mut tx, user, id)
        .await?
        .ok_or(Error::NotFound("conversation"))?;
    holds::release_keep(&mut tx, user, id, now).await?;
    if kept {
        holds::place(
            &mut tx,
            user,
            Some(id),
            HoldKind::Keep,
            &hold(now, String::new(), user),
        )
        .await?;
    }
    conversation.kept = kept;
    conversations::update(&mut tx, user, &mut conversation).await?;
    Ok(tx.commit().await?)
}

/// Puts a user's entries, or those of one conversation, on hold: they neither expire nor can be
/// deleted. Returns the hold's id.
pub async fn place_hold(
    tiers: &Tiers,
    now: Timestamp,
    admin: UserId,
    (user, conversation): (UserId, Option<ConversationId>),
    reason: &str,
) -> Result<String> {
    let mut reason = reason.trim().to_owned();
    nul::clean(&mut reason);
    if !(1..=REASON_MAX_CHARS).contains(&reason.chars().count()) {
        return Err(Error::refused(
            "reason",
            format!("must be 1 to {REASON_MAX_CHARS} characters"),
        ));
    }
    if users::by_id(&mut *tiers.store.read().await?, user)
        .await?
        .is_none()
    {
        return Err(Error::NotFound("person"));
    }
    let mut tx = begin(&tiers.store, None, user).await?;
    if let Some(id) = conversation {
        conversations::find(&mut tx, user, id)
            .await?
            .ok_or(Error::NotFound("conversation"))?;
    }
    let hold = hold(now, reason, admin);
    holds::place(&mut tx, user, conversation, HoldKind::Hold, &hold).await?;
    tx.commit().await?;
    Ok(hold.id)
}

/// Releases a hold.
pub async fn release_hold(tiers: &Tiers, now: Timestamp, id: &str) -> Result<()> {
    let mut tx = tiers.store.begin().await?;
    if !holds::release(&mut tx, id, now).await? {
        return Err(Error::NotFound("hold"));
    }
    Ok(tx.commit().await?)
}

/// Active holds with addresses, newest first.
pub async fn holds_in_force(tiers: &Tiers) -> Result<Vec<HoldInfo>> {
    let lines = holds::with_names(&mut *tiers.store.read().await?, MAX_LISTED).await?;
    let info = |line: NamedHold| HoldInfo {
        id: line.id,
        person: line.person,
        conversation: line.conversation_id,
        reason: line.reason,
        placed_by: line.placed_by,
        since: Timestamp::from_millis(line.created_at),
    };
    Ok(lines.into_iter().map(info).collect())
}

/// The user with this address, and the id in `conversation`, which is empty, an id or an address.
pub async fn resolve_target(
    tiers: &Tiers,
    email: &str,
    conversation: &str,
) -> Result<(UserId, Option<ConversationId>)> {
    let email = email.trim().to_lowercase();
    let user = users::by_email(&mut *tiers.store.read().await?, &email).await?;
    let user = user.ok_or_else(|| Error::refused("email", "is not the address of an account"))?;
    let name = conversation.trim().rsplit("/c/").next().unwrap_or_default();
    let name = name.split(['?', '#', '/']).next().unwrap_or_default();
    let id = Some(name)
        .filter(|name| !name.is_empty())
        .map(str::parse)
        .transpose();
    let id = id.map_err(|_| {
        Error::refused(
            "conversation",
            "must be the address or the id of a conversation",
        )
    })?;
    Ok((user.account.id, id))
}

fn hold(now: Timestamp, reason: String, by: UserId) -> Hold {
    Hold {
        id: new_id::entry(now).to_string(),
        reason,
        created_by: by.to_string(),
        created_at: now.millis(),
    }
}
