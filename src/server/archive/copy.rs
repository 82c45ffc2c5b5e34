//! Copies the objects of one archive to another and verifies each. Existing equal objects are only
//! compared, so a copy may be interrupted and run again. Memory holds two copies of one object at a
//! time.

use super::Archive;
use crate::server::base::error::ArchiveError;
use futures::TryStreamExt;

/// The result of a copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopiedObjects {
    /// Objects in the source, all of which are now in the target.
    pub objects: u64,
    /// Their total size.
    pub bytes: u64,
    /// Objects that were written; the others existed already.
    pub put: u64,
}

/// Copies every object. Fails if an archive is unreachable, or if the target returns other bytes
/// than were written.
pub async fn copy_objects(from: &Archive, to: &Archive) -> Result<CopiedObjects, ArchiveError> {
    let mut copied = CopiedObjects::default();
    let mut listing = std::pin::pin!(from.list(""));
    while let Some(listed) = listing.try_next().await? {
        let bytes = from.get(&listed.key).await?;
        copied.put += u64::from(copy_object(to, &listed.key, &bytes).await?);
        copied.objects += 1;
        copied.bytes += bytes.len() as u64;
    }
    Ok(copied)
}

/// Copies one object. Returns `false` if an equal object existed.
async fn copy_object(to: &Archive, key: &str, bytes: &[u8]) -> Result<bool, ArchiveError> {
    let created = to.create(key, bytes.to_vec()).await?;
    if to.get(key).await? == bytes {
        return Ok(created);
    }
    to.replace(key, bytes.to_vec()).await?;
    if to.get(key).await? == bytes {
        return Ok(true);
    }
    Err(ArchiveError::Damaged(
        key.to_owned(),
        "the target archive returned other bytes than were written".to_owned(),
    ))
}
