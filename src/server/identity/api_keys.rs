//! API keys: `holly_<16 hex>_<64 hex>`, a public id and a secret. A key is shown once; the database
//! stores a SHA-256 of the secret.

use crate::{
    domain::{
        ApiKey, Scopes,
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::{
            digest::{constant_time_eq, random_hex, sha256_hex},
            error::{Error, Result},
        },
        store::{self, Store, api_keys, people},
    },
};

/// Maximum name length in characters.
const NAME_MAX_CHARS: usize = 80;
/// Last use is recorded to the minute.
const USE_RESOLUTION_MS: i64 = 60_000;

/// Longest life of a key that expires, in days.
pub const KEY_DAYS_MAX: i64 = 3_650;

/// A key to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// After how many days it expires, if ever.
    pub days: Option<i64>,
}

impl From<&str> for NewKey {
    fn from(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            scopes: Scopes::DEFAULT,
            days: None,
        }
    }
}

/// What a valid key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckedKey {
    /// Its owner.
    pub user: UserId,
    /// What it may do; `admin` counts only while its owner is an admin.
    pub scopes: Scopes,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// Creates a key for a user and returns it in full; it cannot be read again.
pub async fn create_key(
    store: &Store,
    now: Timestamp,
    user: UserId,
    new: impl Into<NewKey>,
) -> Result<String> {
    let NewKey { name, scopes, days } = new.into();
    let name = name.trim();
    if !(1..=NAME_MAX_CHARS).contains(&name.chars().count()) || name.contains(char::is_control) {
        return Err(Error::refused(
            "name",
            format!("must be 1 to {NAME_MAX_CHARS} characters on one line"),
        ));
    }
    if scopes == Scopes::default() {
        return Err(Error::refused("scope", "must be at least one scope"));
    }
    if days.is_some_and(|days| !(1..=KEY_DAYS_MAX).contains(&days)) {
        return Err(Error::refused(
            "expires",
            format!("must be 1 to {KEY_DAYS_MAX} days"),
        ));
    }
    let (id, secret) = (random_hex::<8>(), random_hex::<32>());
    let key = ApiKey {
        id: id.clone(),
        name: name.to_owned(),
        scopes,
        made_before_scopes: false,
        created_at: now,
        last_used_at: None,
        expires_at: days.map(|days| now.plus(days * DAY_MS)),
    };
    let mut tx = store.begin().await?;
    api_keys::insert(&mut tx, user, &key, &scoped_hash(&id, &secret)).await?;
    tx.commit().await?;
    Ok(format!("holly_{id}_{secret}"))
}

/// The hash of the secret of a key with scopes. A server of the release before scopes compares
/// another hash and so refuses the key, which it would let do everything.
fn scoped_hash(id: &str, secret: &str) -> String {
    sha256_hex(&format!("{id}_{secret}"))
}

/// Whose the key is and what it may do, if it is valid.
pub async fn check_key(
    store: &Store,
    now: Timestamp,
    key: &str,
) -> store::Result<Option<CheckedKey>> {
    let Some((id, secret)) = key
        .strip_prefix("holly_")
        .and_then(|rest| rest.split_once('_'))
    else {
        return Ok(None);
    };
    let found = api_keys::by_id(&mut *store.read().await?, id).await?;
    let is_valid = |record: &api_keys::KeyRecord| {
        let hash = match record.scopes {
            Some(_) => scoped_hash(id, secret),
            None => sha256_hex(secret),
        };
        constant_time_eq(&record.secret_hash, &hash)
            && record.expires_at.is_none_or(|expires_at| now < expires_at)
    };
    let Some(record) = found.filter(is_valid) else {
        return Ok(None);
    };
    if record
        .last_used_at
        .is_none_or(|last| now.since(last) >= USE_RESOLUTION_MS)
    {
        let mut tx = store.begin().await?;
        api_keys::touch(&mut tx, now, record.user_id, &record.id).await?;
        people::note_active(&mut tx, now, record.user_id).await?;
        tx.commit().await?;
    }
    Ok(Some(CheckedKey {
        user: record.user_id,
        scopes: record.scopes.unwrap_or(Scopes::BEFORE_SCOPES),
        expires_at: record.expires_at,
    }))
}

/// The owner of an active key, by its public id. Errors: `NotFound`.
pub async fn key_owner(store: &Store, id: &str) -> Result<UserId> {
    let found = api_keys::by_id(&mut *store.read().await?, id).await?;
    found
        .map(|record| record.user_id)
        .ok_or(Error::NotFound("key"))
}

/// Revokes every key of a user; streams opened with them end.
pub async fn revoke_all_keys(store: &Store, now: Timestamp, user: UserId) -> Result<()> {
    let mut tx = store.begin().await?;
    api_keys::revoke_all(&mut tx, now, user).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(())
}

/// Revokes a key; streams opened with it end.
pub async fn revoke_key(store: &Store, now: Timestamp, user: UserId, id: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    if !api_keys::revoke(&mut tx, now, user, id).await? {
        return Err(Error::NotFound("key"));
    }
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(())
}
