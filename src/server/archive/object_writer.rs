//! Writes objects: a key is reserved, the object is written, read back and compared; then the
//! caller activates it. An erasure in between marks the key for deletion; an object that cannot be
//! activated is deleted again.

use crate::{
    domain::{ids::UserId, time::Timestamp},
    server::{
        archive::{
            Archive, Tiers, delete_object, object,
            tiers::{begin, begin_fenced},
        },
        base::{
            blocking::run_blocking,
            error::{ArchiveError, Error, Result},
            fail_points::{FailPoint, reach},
            log_targets,
        },
        store::{
            Tx, removed,
            retention::{
                lease::Fence,
                manifest::Manifest,
                objects::{self, Reservation},
            },
            work_logs::StoredEntry,
        },
    },
};
use std::sync::Arc;

/// Keys tried for one object.
const MAX_KEY_ATTEMPTS: u32 = 9;

/// The user's last erasure known when entries were read; [`write`] fails if there was another one
/// since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErasureMark(Option<i64>);

impl ErasureMark {
    /// The current mark.
    pub(crate) async fn current(tiers: &Tiers, user: UserId) -> Result<Self> {
        Ok(Self(
            removed::newest(&mut *tiers.store.connection().await?, user).await?,
        ))
    }
}

/// Reserves a key, writes an object, reads it back and compares it. The entries, at least one, all
/// of one group, oldest first, were read after `erased`. `replaces` is as in [`object::encode`].
/// Fails if something was erased since, or if the archive does.
pub(crate) async fn write(
    tiers: &Tiers,
    fence: Option<Fence>,
    entries: &[StoredEntry],
    replaces: Option<String>,
    erased: ErasureMark,
    now: Timestamp,
) -> Result<Manifest> {
    let first = entries.first().ok_or(Error::NotFound("entry"))?;
    let group = object::ObjectGroup {
        user_id: first.user_id,
        conversation_id: first.conversation_id,
        day: first.timestamp.day(),
    };
    let rows: Arc<[StoredEntry]> = entries.into();
    let to_encode = rows.clone();
    let encoded = run_blocking(move || object::encode(group, &to_encode, replaces)).await;
    let mut encoded =
        encoded.map_err(|why| Error::Conflict(format!("the object cannot be encoded: {why}")))?;
    reach(FailPoint::Encoded).await;
    let mut tx = begin(&tiers.store, fence, group.user_id).await?;
    if removed::newest(&mut tx, group.user_id).await? != erased.0 {
        return Err(Error::Conflict(
            "an entry was erased while the object was written".into(),
        ));
    }
    encoded.key = reserve(&mut tx, group, &encoded.key, now).await?;
    tx.commit().await?;
    reach(FailPoint::Reserved).await;
    let key = encoded.key.clone();
    let stored = write_verified(&tiers.archive, encoded, rows).await?;
    reach(FailPoint::ReadBack).await;
    Manifest::new(&key, entries, stored, now).ok_or(Error::NotFound("entry"))
}

/// Reserves the object's key, or one with a suffix if a delayed delete of the key is possible.
async fn reserve(
    tx: &mut Tx<'_>,
    group: object::ObjectGroup,
    key: &str,
    now: Timestamp,
) -> Result<String> {
    for n in 1..=MAX_KEY_ATTEMPTS {
        let key_n = object::name(key, n);
        match objects::reserve(tx, group.user_id, &key_n, group.conversation_id, now).await? {
            Reservation::Reserved => return Ok(key_n),
            Reservation::Deleted => {}
            Reservation::InUse => break,
        }
    }
    Err(Error::Conflict(format!(
        "object {key} is in use or being deleted"
    )))
}

/// Activates an object that was written and verified. Fails if its key is no longer reserved.
pub(crate) async fn activate(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<()> {
    if objects::activate(tx, manifest).await? {
        Ok(())
    } else {
        Err(Error::Conflict(format!(
            "object {} was marked for deletion in the meantime",
            manifest.key
        )))
    }
}

/// Deletes an object that was written and could not be activated, because it may contain erased
/// entries. An error is logged; a later run deletes the object.
pub(crate) async fn abort_write_or_log(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) {
    if let Err(error) = abort_write(tiers, fence, user, key, now).await {
        tracing::warn!(
            target: log_targets::ARCHIVE_OBJECT_WRITER,
            key, %error, "cannot delete an object that is not active; a later run tries again"
        );
    }
}

async fn abort_write(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    let mut tx = begin_fenced(&tiers.store, fence).await?;
    let marked = objects::mark_unlisted(&mut tx, user, key, now).await?;
    tx.commit().await?;
    if marked {
        delete_object::remove_or_log(tiers, fence, user, key, now).await;
    }
    Ok(())
}

/// Writes an object, reads it back and returns size and SHA-256. An existing object of an
/// interrupted run is used if it has the same entries, and overwritten otherwise, as its key is
/// reserved by this run.
async fn write_verified(
    archive: &Archive,
    encoded: object::EncodedObject,
    rows: Arc<[StoredEntry]>,
) -> Result<(i64, String)> {
    archive.create(&encoded.key, encoded.bytes.clone()).await?;
    reach(FailPoint::Put).await;
    match read_back(archive, &encoded.key, rows.clone()).await {
        Err(ArchiveError::Unreachable(why)) => Err(ArchiveError::Unreachable(why).into()),
        Err(_) => {
            archive.replace(&encoded.key, encoded.bytes).await?;
            Ok(read_back(archive, &encoded.key, rows).await?)
        }
        Ok(stored) => Ok(stored),
    }
}

async fn read_back(
    archive: &Archive,
    key: &str,
    rows: Arc<[StoredEntry]>,
) -> std::result::Result<(i64, String), ArchiveError> {
    let bytes = archive.get(key).await?;
    let compared = run_blocking(move || {
        if object::decode(&bytes)? == *rows {
            Ok((bytes.len() as i64, object::hex_sha256(&bytes)))
        } else {
            Err("it does not contain the rows that were written".to_owned())
        }
    });
    compared
        .await
        .map_err(|why| ArchiveError::Damaged(key.to_owned(), why))
}
