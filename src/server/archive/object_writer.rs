//! Writing an object: a name is reserved, the object put, read back whole and compared; then the
//! caller lists it. What is erased meanwhile dooms the name; an object that cannot be listed is
//! deleted again.

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

/// Names that are tried for one object.
const NAMES: u32 = 9;

/// What was erased of a person's, as far as one knew when entries were read: [`put`] writes nothing
/// that was erased since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErasureMark(Option<i64>);

impl ErasureMark {
    /// What is erased by now.
    pub(crate) async fn now(tiers: &Tiers, user: UserId) -> Result<Self> {
        Ok(Self(
            removed::newest(&mut *tiers.store.connection().await?, user).await?,
        ))
    }
}

/// Writes an object, reads it back whole and compares it with what it should hold. Its name is
/// reserved and stays so. The entries, one or more of one group, oldest first, were read after
/// `erased`. `replaces` as in [`object::encode`]. Errors: something was erased since, or the
/// archive failed.
pub(crate) async fn put(
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
    let plain = rows.clone();
    let encoded = run_blocking(move || object::encode(group, &plain, replaces)).await;
    let mut encoded =
        encoded.map_err(|why| Error::Conflict(format!("the object cannot be encoded: {why}")))?;
    reach(FailPoint::Encoded).await;
    let mut tx = begin(&tiers.store, fence, group.user_id).await?;
    if removed::newest(&mut tx, group.user_id).await? != erased.0 {
        return Err(Error::Conflict(
            "something was erased while the object was made".into(),
        ));
    }
    encoded.key = reserve(&mut tx, group, &encoded.key, now).await?;
    tx.commit().await?;
    reach(FailPoint::Reserved).await;
    let key = encoded.key.clone();
    let stored = put_verified(&tiers.archive, encoded, rows).await?;
    reach(FailPoint::ReadBack).await;
    Manifest::of(&key, entries, stored, now).ok_or(Error::NotFound("entry"))
}

/// Takes the object's name, or one beside it where a deletion of that name might come late.
async fn reserve(
    tx: &mut Tx<'_>,
    group: object::ObjectGroup,
    key: &str,
    now: Timestamp,
) -> Result<String> {
    for n in 1..=NAMES {
        let name = object::name(key, n);
        match objects::reserve(tx, group.user_id, &name, group.conversation_id, now).await? {
            Reservation::Taken => return Ok(name),
            Reservation::WasDoomed => {}
            Reservation::InUse => break,
        }
    }
    Err(Error::Conflict(format!(
        "object {key} is in use or being deleted"
    )))
}

/// Lists an object that was put and compared; fails when its name was taken away meanwhile.
pub(crate) async fn list(tx: &mut Tx<'_>, manifest: &Manifest) -> Result<()> {
    if objects::activate(tx, manifest).await? {
        Ok(())
    } else {
        Err(Error::Conflict(format!(
            "object {} was given up meanwhile",
            manifest.key
        )))
    }
}

/// Deletes an object that was put and could not be listed, for it may hold what was erased. Where
/// that fails, a later run does it.
pub(crate) async fn take_back_or_tell(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) {
    if let Err(error) = take_back(tiers, fence, user, key, now).await {
        tracing::warn!(
            target: log_targets::ARCHIVE_OBJECT_WRITER,
            key, %error, "an object that is not listed could not be deleted yet; a later run deletes it"
        );
    }
}

async fn take_back(
    tiers: &Tiers,
    fence: Option<Fence>,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    let mut tx = begin_fenced(&tiers.store, fence).await?;
    let unlisted = objects::doom_unlisted(&mut tx, user, key, now).await?;
    tx.commit().await?;
    if unlisted {
        delete_object::remove_or_tell(tiers, fence, user, key, now).await;
    }
    Ok(())
}

/// Puts an object and returns size and SHA-256 of what was read back. What lies there already, from
/// a run that broke off, is as good when it holds the same; when it does not, it is replaced: its
/// name is ours.
async fn put_verified(
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
            Err("it does not hold the rows that were put".to_owned())
        }
    });
    compared
        .await
        .map_err(|why| ArchiveError::Damaged(key.to_owned(), why))
}
