//! Browser sessions. The cookie holds 256 random bits, the database their SHA-256.

use crate::{
    domain::{
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::{
            digest::{random_hex, sha256_hex},
            masking::mask,
        },
        store::{Result, Store, people, sessions},
    },
};
use std::time::Duration;

/// A session ends if it is not used for this long.
pub const SESSION_LIFE: Duration = Duration::from_millis(LIFE_MS as u64);
const LIFE_MS: i64 = 30 * DAY_MS;
/// A session ends after this long in any case.
const MAX_LIFE_MS: i64 = 180 * DAY_MS;
/// Last use is recorded at most this often, so that reading a page rarely writes.
const USE_RESOLUTION_MS: i64 = 10 * 60_000;

/// What changes who may do what wants a proof of who the user is that is not older than this.
pub const RECENT_MS: i64 = 10 * 60_000;

/// Starts a session after sign-in by password and returns its token.
pub async fn begin_session(
    store: &Store,
    now: Timestamp,
    user: UserId,
    user_agent: &str,
) -> Result<String> {
    begin(store, now, user, user_agent, None, now).await
}

/// Starts a session after sign-in with a provider and returns its token. From then on only the
/// session counts, not the provider's token. The user signed in there at `confirmed_at`.
pub async fn begin_provider_session(
    store: &Store,
    now: Timestamp,
    user: UserId,
    user_agent: &str,
    issuer: &str,
    confirmed_at: Timestamp,
) -> Result<String> {
    let provider = Some(issuer.to_owned());
    begin(store, now, user, user_agent, provider, confirmed_at).await
}

async fn begin(
    store: &Store,
    now: Timestamp,
    user: UserId,
    user_agent: &str,
    provider: Option<String>,
    confirmed_at: Timestamp,
) -> Result<String> {
    let token = random_hex::<32>();
    let token_hash = sha256_hex(&token);
    let session = sessions::Session {
        token_hash,
        user_id: user,
        provider,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(LIFE_MS),
        confirmed_at: Some(confirmed_at),
    };
    let mut tx = store.begin().await?;
    sessions::insert(
        &mut tx,
        &session,
        &mask(user_agent).0.chars().take(200).collect::<String>(),
    )
    .await?;
    people::note_active(&mut tx, now, user).await?;
    tx.commit().await?;
    Ok(token)
}

/// The user of the session with this token. Using a session extends it, up to its longest life.
pub async fn check_session(store: &Store, now: Timestamp, token: &str) -> Result<Option<UserId>> {
    let found = sessions::by_token(&mut *store.read().await?, now, &sha256_hex(token)).await?;
    let Some(mut session) = found else {
        return Ok(None);
    };
    if now.since(session.last_seen_at) >= USE_RESOLUTION_MS {
        session.last_seen_at = now;
        session.expires_at = now.plus(LIFE_MS).min(session.created_at.plus(MAX_LIFE_MS));
        let mut tx = store.begin().await?;
        sessions::extend(&mut tx, &session).await?;
        people::note_active(&mut tx, now, session.user_id).await?;
        tx.commit().await?;
    }
    Ok(Some(session.user_id))
}

/// Whether the user of the session proved within the last 10 minutes who they are.
pub async fn is_confirmed(store: &Store, now: Timestamp, token: &str) -> Result<bool> {
    let found = sessions::by_token(&mut *store.read().await?, now, &sha256_hex(token)).await?;
    let confirmed_at = found.and_then(|session| session.confirmed_at);
    Ok(confirmed_at.is_some_and(|at| now.since(at) <= RECENT_MS))
}

/// Records that the user of the session proved at `at` who they are. Returns whether the session
/// is theirs.
pub async fn confirm_session(
    store: &Store,
    user: UserId,
    token: &str,
    at: Timestamp,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    let is_theirs = sessions::confirm(&mut tx, user, &sha256_hex(token), at).await?;
    tx.commit().await?;
    Ok(is_theirs)
}

/// The issuer with which the session was started, if any.
pub async fn session_provider(
    store: &Store,
    now: Timestamp,
    token: &str,
) -> Result<Option<String>> {
    Ok(
        sessions::by_token(&mut *store.read().await?, now, &sha256_hex(token))
            .await?
            .and_then(|session| session.provider),
    )
}

/// Ends the session with this token.
pub async fn end_session(store: &Store, user: UserId, token: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    sessions::delete(&mut tx, user, &sha256_hex(token)).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(())
}

/// Ends every session of a user.
pub async fn end_all_sessions(store: &Store, user: UserId) -> Result<()> {
    let mut tx = store.begin().await?;
    sessions::delete_all(&mut tx, user).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(())
}
