//! API keys: `holly_<16 hex>_<64 hex>`, a public id and a secret. A key is shown once; the database
//! stores the SHA-256 of the secret.

use crate::{
    domain::{ApiKey, ids::UserId, time::Timestamp},
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

/// Creates a key for a user and returns it in full; it cannot be read again.
pub async fn create_key(store: &Store, now: Timestamp, user: UserId, name: &str) -> Result<String> {
    let name = name.trim();
    if !(1..=NAME_MAX_CHARS).contains(&name.chars().count()) || name.contains(char::is_control) {
        return Err(Error::refused(
            "name",
            format!("must be 1 to {NAME_MAX_CHARS} characters on one line"),
        ));
    }
    let (id, secret) = (random_hex::<8>(), random_hex::<32>());
    let key = ApiKey {
        id: id.clone(),
        name: name.to_owned(),
        created_at: now,
        last_used_at: None,
    };
    let mut tx = store.begin().await?;
    api_keys::insert(&mut tx, user, &key, &sha256_hex(&secret)).await?;
    tx.commit().await?;
    Ok(format!("holly_{id}_{secret}"))
}

/// The owner of the key, if it is valid.
pub async fn check_key(store: &Store, now: Timestamp, key: &str) -> store::Result<Option<UserId>> {
    let Some((id, secret)) = key
        .strip_prefix("holly_")
        .and_then(|rest| rest.split_once('_'))
    else {
        return Ok(None);
    };
    let found = api_keys::by_id(&mut *store.read().await?, id).await?;
    let Some(record) =
        found.filter(|record| constant_time_eq(&record.secret_hash, &sha256_hex(secret)))
    else {
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
    Ok(Some(record.user_id))
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
