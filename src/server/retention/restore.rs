//! After a backup was restored: what was erased since does not come back, and the manifest is
//! brought in line with the objects that are there.

use super::reconcile;
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
            retention::{
                erasures::Kind,
                holds::{self, Covered},
                objects,
            },
            users,
            work_logs::EntryFilter,
        },
    },
};
use futures::TryStreamExt;

/// Entries looked at together.
const AT_ONCE: i64 = 1_000;

/// What restoring changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// People, conversations and entries erased again.
    pub erased: i64,
    /// Objects listed that the backup did not know.
    pub adopted: i64,
    /// Objects of the backup that are not there any more.
    pub missing: i64,
}

/// Refuses where the archive has far fewer objects than the database names: it may be another one,
/// or not be there.
pub async fn check_archive(retention: &Tiers) -> Result<()> {
    let named = objects::count(&mut *retention.store.read().await?).await?;
    let there = retention
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
pub async fn after_restore(retention: &Tiers, now: Timestamp) -> Result<Restored> {
    let erased = erasure_log::read(&retention.archive).await?;
    let mut restored = Restored::default();
    for user in users::ids(&mut *retention.store.read().await?).await? {
        if erased.has(Kind::Account, user) {
            release(retention, now, user, Covered::Everything).await?;
            erase::erase_account(retention, now, user).await?;
            restored.erased += 1;
            continue;
        }
        reconcile::reconcile(retention, now, user, &mut restored).await?;
        for conversation in conversations_of(retention, user).await? {
            if erased.has(Kind::Conversation, conversation) {
                release(retention, now, user, Covered::Place(Some(conversation))).await?;
                delete_conversation_rows(&retention.store, now, user, conversation).await?;
                restored.erased += 1;
            }
        }
        if erased.has_any(Kind::Entry) {
            restored.erased += erase_again(retention, now, user, &erased).await?;
        }
        reach(FailPoint::ErasedAgain).await;
        erase::purge(retention, now, user).await?;
    }
    Ok(restored)
}

/// What was erased was not held then, so a hold on it that the backup still knows had been
/// released.
async fn release(retention: &Tiers, now: Timestamp, user: UserId, covered: Covered) -> Result<()> {
    let mut tx = begin(&retention.store, None, user).await?;
    holds::release_over(&mut tx, user, covered, now).await?;
    Ok(tx.commit().await?)
}

async fn conversations_of(retention: &Tiers, user: UserId) -> Result<Vec<ConversationId>> {
    let found = crate::server::store::conversations::latest(
        &mut *retention.store.read().await?,
        user,
        None,
        i64::MAX,
    )
    .await?;
    Ok(found
        .into_iter()
        .map(|conversation| conversation.id)
        .collect())
}

/// Goes through a person's entries of all tiers, a page at a time, and erases those that were.
/// Returns how many.
async fn erase_again(
    retention: &Tiers,
    now: Timestamp,
    user: UserId,
    named: &erasure_log::Named,
) -> Result<i64> {
    let (filter, archive) = (EntryFilter::default(), &retention.archive);
    let (mut erased, mut before) = (0, None);
    loop {
        let mut reader = retention.store.read().await?;
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
        for entry in page.iter().filter(|entry| named.has(Kind::Entry, entry.id)) {
            release(retention, now, user, Covered::Place(entry.conversation_id)).await?;
            crate::server::work_log::erase_entry(retention, now, user, entry.id).await?;
            erased += 1;
        }
    }
}
