//! Copies the objects of one archive into another: each is read back and compared. What is there
//! already is only compared, so it can be broken off and run again. One object is in memory at a
//! time, twice.

use super::Archive;
use crate::server::base::error::ArchiveError;
use futures::TryStreamExt;

/// What was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CopiedObjects {
    /// Objects of the archive, all of which are now in the other.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that had to be put; the others were there.
    pub put: u64,
}

/// Copies every object. Errors: one archive does not answer, or does not hold afterwards what was
/// put.
pub async fn copy_objects(from: &Archive, to: &Archive) -> Result<CopiedObjects, ArchiveError> {
    let mut copied = CopiedObjects::default();
    let mut listing = std::pin::pin!(from.list(""));
    while let Some(listed) = listing.try_next().await? {
        let bytes = from.get(&listed.key).await?;
        copied.put += u64::from(bring(to, &listed.key, &bytes).await?);
        copied.objects += 1;
        copied.bytes += bytes.len() as u64;
    }
    Ok(copied)
}

/// `false` when the object was there just so.
async fn bring(to: &Archive, key: &str, bytes: &[u8]) -> Result<bool, ArchiveError> {
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
        "the other archive does not hold what was put".to_owned(),
    ))
}
