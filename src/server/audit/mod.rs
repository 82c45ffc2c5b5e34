//! The audit log: who did what, as rows for admins and as lines of the log with the target `audit`.
//! It names people by id, and has no address or secret that somebody typed.

mod event;

pub use event::Event;

use super::{
    base::{
        digest::{hmac_sha256_hex, random_hex},
        new_id,
    },
    store::{self, Store, meta, people},
};
use crate::domain::{
    AuditEvent, AuditPageData,
    ids::{AuditId, UserId},
    nul,
    time::{DAY_MS, Timestamp},
};

/// Target of the log lines.
const TARGET: &str = "audit";
/// How many failed sign-ins are stored per UTC day; more are in the log only.
pub const FAILED_PER_DAY: i64 = 10_000;
/// How long events are kept.
pub const KEPT_DAYS: i64 = 90;
/// Events deleted in one transaction.
const BATCH: i64 = 1_000;
/// Hexadecimal digits of the digest of an address.
const DIGEST_CHARS: usize = 32;

/// Records an event. If it cannot be stored, the log says so and the work goes on.
pub async fn record(store: &Store, now: Timestamp, event: Event) {
    let event = event.at(new_id::audit_event(now), now);
    log(&event);
    let store = store.clone();
    // a task of its own: it goes on if the client is gone
    let stored = tokio::spawn(async move { insert(&store, &event).await });
    if let Ok(Err(error)) = stored.await {
        tracing::warn!(target: TARGET, %error, "an event could not be stored in the audit log");
    }
}

/// Records a failed sign-in. The user is named if the address has an account; else the event has a
/// keyed digest of the address.
pub async fn record_failed_sign_in(store: &Store, now: Timestamp, email: &str, event: Event) {
    // both are read in either case, so that the time says nothing about the account
    let read = async || -> store::Result<_> {
        let digest = address_digest(store, email).await?;
        Ok((account_of(store, email).await?, digest))
    };
    let event = match read().await {
        Ok((Some(user), _)) => event.about(user),
        Ok((None, digest)) => event.detail(digest),
        Err(error) => {
            tracing::warn!(target: TARGET, %error, "an address could not be looked up");
            event
        }
    };
    record(store, now, event).await;
}

/// An address that has no account, as the detail of an event: `address` and the first 128 bits of
/// an HMAC-SHA-256 with a key of this database.
pub async fn address_digest(store: &Store, email: &str) -> store::Result<String> {
    let digest = hmac_sha256_hex(key(store).await?.as_bytes(), normalized(email).as_bytes());
    let digest = digest.get(..DIGEST_CHARS).unwrap_or_default();
    Ok(format!("address {digest}"))
}

/// Events before the event `before`, newest first.
pub async fn page(
    store: &Store,
    before: Option<AuditId>,
    limit: i64,
) -> store::Result<AuditPageData> {
    let mut events = store::audit::newest(&mut *store.read().await?, before, limit + 1).await?;
    let more = events.len() as i64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or_default());
    let next = events.last().map(|event| event.id).filter(|_| more);
    Ok(AuditPageData { events, next })
}

/// Deletes events that are older than [`KEPT_DAYS`].
pub async fn delete_expired(store: &Store, now: Timestamp) -> store::Result<()> {
    let before = now.plus(-KEPT_DAYS * DAY_MS);
    loop {
        let mut tx = store.begin().await?;
        let deleted = store::audit::delete_before(&mut tx, before, BATCH).await?;
        tx.commit().await?;
        if i64::try_from(deleted).unwrap_or(BATCH) < BATCH {
            return Ok(());
        }
    }
}

fn log(event: &AuditEvent) {
    let id = |user: Option<UserId>| user.map(|user| user.to_string());
    tracing::info!(
        target: TARGET,
        id = %event.id,
        action = event.action.as_str(),
        outcome = event.outcome.as_str(),
        actor = id(event.actor),
        subject = id(event.subject),
        network = event.network,
        detail = event.detail,
        "{}", event.action
    );
}

async fn insert(store: &Store, event: &AuditEvent) -> store::Result<()> {
    let is_bounded = event.action.is_failed_sign_in();
    let is_full = |stored: i64| is_bounded && stored >= FAILED_PER_DAY;
    if is_bounded {
        let stored = store::audit::failed_on_day(&mut *store.read().await?, event.at).await?;
        if is_full(stored) {
            return Ok(());
        }
    }
    let mut tx = store.begin().await?;
    if is_bounded {
        // one at a time, so that together they do not exceed the number
        meta::lock_audit(&mut tx).await?;
        if is_full(store::audit::failed_on_day(&mut tx, event.at).await?) {
            return Ok(());
        }
    }
    store::audit::insert(&mut tx, event).await?;
    tx.commit().await?;
    Ok(())
}

async fn account_of(store: &Store, email: &str) -> store::Result<Option<UserId>> {
    let person = people::by_email(&mut *store.read().await?, &normalized(email)).await?;
    Ok(person.map(|person| person.id))
}

fn normalized(email: &str) -> String {
    let mut email = email.trim().to_lowercase();
    nul::clean(&mut email);
    email
}

/// The key of the digests, created at the first use.
async fn key(store: &Store) -> store::Result<String> {
    if let Some(key) = meta::audit_key(&mut *store.read().await?).await? {
        return Ok(key);
    }
    let mut tx = store.begin().await?;
    let key = meta::begin_audit(&mut tx, &random_hex::<32>()).await?;
    tx.commit().await?;
    Ok(key)
}
