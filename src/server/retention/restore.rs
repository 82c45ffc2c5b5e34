//! After a backup was restored: what was erased since does not come back, and the manifest is
//! brought in line with the objects that are there.

use super::{reconcile, report::RestoreReport};
use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, erase, erasure_log, object, reader, tiers::begin},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, reach},
        },
        chat::delete_conversation_rows,
        store::{
            conversations,
            holds::{self, Covered},
            retention::{erasures::ErasureKind, objects},
            users,
            work_logs::EntryFilter,
        },
        work_log,
    },
};
use futures::TryStreamExt;

/// Entries looked at together.
const AT_ONCE: i64 = 1_000;

/// Refuses where the archive has far fewer objects than the database names: it may be another one,
/// or not be there.
pub async fn check_archive(tiers: &Tiers) -> Result<()> {
    let named = objects::count(&mut *tiers.store.read().await?).await?;
    let there = tiers
        .archive
        .list(object::FOLDER)
        .try_fold(0, |sum, _| async move { Ok(sum + 1) })
        .await?;
    if named > 2 * there {
        return Err(Error::Conflict(format!(
            "the backup names {named} objects of the archive, which has {there}: put the archive back first. If there is nothing to put \
             back, --without-archive gives up the entries that are missing"
        )));
    }
    Ok(())
}

/// Erases again what the list names, and brings the manifest in line with the archive.
pub async fn after_restore(tiers: &Tiers, now: Timestamp) -> Result<RestoreReport> {
    let erased = erasure_log::read(&tiers.archive).await?;
    let mut restored = RestoreReport::default();
    for user in users::ids(&mut *tiers.store.read().await?).await? {
        if erased.has(ErasureKind::Account, user) {
            release(tiers, now, user, Covered::Everything).await?;
            erase::erase_account(tiers, now, user).await?;
            restored.erased += 1;
            continue;
        }
        reconcile::reconcile(tiers, now, user, &mut restored).await?;
        for conversation in conversations_of(tiers, user).await? {
            if erased.has(ErasureKind::Conversation, conversation) {
                release(tiers, now, user, Covered::Place(Some(conversation))).await?;
                delete_conversation_rows(&tiers.store, now, user, conversation).await?;
                restored.erased += 1;
            }
        }
        if erased.has_any(ErasureKind::Entry) {
            restored.erased += erase_again(tiers, now, user, &erased).await?;
        }
        reach(FailPoint::ErasedAgain).await;
        erase::delete_marked_objects(tiers, now, user).await?;
    }
    Ok(restored)
}

/// What was erased was not held then, so a hold on it that the backup still knows had been
/// released.
async fn release(tiers: &Tiers, now: Timestamp, user: UserId, covered: Covered) -> Result<()> {
    let mut tx = begin(&tiers.store, None, user).await?;
    holds::release_over(&mut tx, user, covered, now).await?;
    Ok(tx.commit().await?)
}

async fn conversations_of(tiers: &Tiers, user: UserId) -> Result<Vec<ConversationId>> {
    let found =
        conversations::latest(&mut *tiers.store.read().await?, user, None, i64::MAX).await?;
    Ok(found
        .into_iter()
        .map(|conversation| conversation.id)
        .collect())
}

/// Goes through a person's entries of all tiers, a page at a time, and erases those that were.
/// Returns how many.
async fn erase_again(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    named: &erasure_log::ErasedIds,
) -> Result<i64> {
    let (filter, archive) = (EntryFilter::default(), &tiers.archive);
    let (mut erased, mut before) = (0, None);
    loop {
        let mut reader = tiers.store.read().await?;
        let page = reader::list(
            &mut reader,
            archive,
            user,
            (&filter, false),
            before,
            AT_ONCE,
        )
        .await?;
        drop(reader);
        let Some(last) = page.last() else {
            return Ok(erased);
        };
        before = Some(last.id);
        for entry in page
            .iter()
            .filter(|entry| named.has(ErasureKind::Entry, entry.id))
        {
            release(tiers, now, user, Covered::Place(entry.conversation_id)).await?;
            work_log::erase_entry(tiers, now, user, entry.id).await?;
            erased += 1;
        }
    }
}
