//! Prepares a restored backup: repeats later erasures and rebuilds the manifest from the existing
//! objects.

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

/// Entries per page.
const PAGE_SIZE: i64 = 1_000;

/// Fails if the archive has far fewer objects than the database: it may be the wrong one, or
/// missing.
pub async fn check_archive(tiers: &Tiers) -> Result<()> {
    let expected = objects::count(&mut *tiers.store.read().await?).await?;
    let found = tiers
        .archive
        .list(object::FOLDER)
        .try_fold(0, |sum, _| async move { Ok(sum + 1) })
        .await?;
    if expected > 2 * found {
        return Err(Error::Conflict(format!(
            "the backup expects {expected} objects in the archive, which has {found}: \
             restore the archive first. If you cannot, --without-archive gives up the missing \
             entries"
        )));
    }
    Ok(())
}

/// Repeats the erasures of the erasure log, and rebuilds the manifest from the archive.
pub async fn after_restore(tiers: &Tiers, now: Timestamp) -> Result<RestoreReport> {
    let erased = erasure_log::read(&tiers.archive).await?;
    let mut restored = RestoreReport::default();
    for user in users::ids(&mut *tiers.store.read().await?).await? {
        if erased.contains(ErasureKind::Account, user) {
            release_holds(tiers, now, user, Covered::Everything).await?;
            erase::erase_account(tiers, now, user).await?;
            restored.erased += 1;
            continue;
        }
        reconcile::reconcile(tiers, now, user, &mut restored).await?;
        for conversation in conversations_of(tiers, user).await? {
            if erased.contains(ErasureKind::Conversation, conversation) {
                release_holds(tiers, now, user, Covered::Conversation(Some(conversation))).await?;
                delete_conversation_rows(&tiers.store, now, user, conversation).await?;
                restored.erased += 1;
            }
        }
        if erased.contains_any(ErasureKind::Entry) {
            restored.erased += erase_again(tiers, now, user, &erased).await?;
        }
        reach(FailPoint::ErasedAgain).await;
        erase::delete_marked_objects(tiers, now, user).await?;
    }
    Ok(restored)
}

/// Releases holds on an erased subject. It was not on hold when it was erased, so a hold in the
/// backup had been released.
async fn release_holds(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    covered: Covered,
) -> Result<()> {
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

/// Checks a user's entries of all tiers, page by page, and repeats their erasures. Returns their
/// number.
async fn erase_again(
    tiers: &Tiers,
    now: Timestamp,
    user: UserId,
    erased_ids: &erasure_log::ErasedIds,
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
            PAGE_SIZE,
        )
        .await?;
        drop(reader);
        let Some(last) = page.last() else {
            return Ok(erased);
        };
        before = Some(last.id);
        for entry in page
            .iter()
            .filter(|entry| erased_ids.contains(ErasureKind::Entry, entry.id))
        {
            release_holds(
                tiers,
                now,
                user,
                Covered::Conversation(entry.conversation_id),
            )
            .await?;
            work_log::delete_entry_keeping_files(tiers, now, user, entry.id).await?;
            erased += 1;
        }
    }
}
