//! After a backup was restored: what was erased since does not come back, and the manifest is brought in line with the objects
//! that are there.

use super::{
    Retention, adopting, begin, erased, erasing,
    fail_points::{FailPoint, reach},
    object, reading,
};
use crate::{
    ids::{ConversationId, EntryId, UserId},
    server::{
        chat::delete_conversation,
        error::Result,
        store::{
            retention::holds::{self, Covered},
            users,
            work_logs::EntryFilter,
        },
    },
    timestamp::Timestamp,
};

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

/// Erases again what the list names, and brings the manifest in line with the archive.
pub async fn after_restore(retention: &Retention, now: Timestamp) -> Result<Restored> {
    let erased = erased::read(&retention.archive).await?;
    let is_erased = |kind: &str, id: String| erased.contains(&(kind.to_owned(), object::hex_sha256(id.as_bytes())));
    let mut restored = Restored::default();
    for user in users::ids(&mut *retention.store.read().await?).await? {
        if is_erased("account", user.to_string()) {
            release(retention, now, user, Covered::Everything).await?;
            erasing::erase_account(retention, now, user).await?;
            restored.erased += 1;
            continue;
        }
        adopting::reconcile(retention, now, user, &mut restored).await?;
        for conversation in conversations_of(retention, user).await? {
            if is_erased("conversation", conversation.to_string()) {
                release(retention, now, user, Covered::Place(Some(conversation))).await?;
                delete_conversation(&retention.store, now, user, conversation).await?;
                restored.erased += 1;
            }
        }
        if erased.iter().any(|(kind, _)| kind == "entry") {
            restored.erased += erase_again(retention, now, user, |id| is_erased("entry", id.to_string())).await?;
        }
        reach(FailPoint::ErasedAgain).await;
        erasing::purge(retention, now, user).await?;
    }
    Ok(restored)
}

/// What was erased was not held then, so a hold on it that the backup still knows had been released.
async fn release(retention: &Retention, now: Timestamp, user: UserId, covered: Covered) -> Result<()> {
    let mut tx = begin(&retention.store, None, user).await?;
    holds::release_over(&mut tx, user, covered, now).await?;
    Ok(tx.commit().await?)
}

async fn conversations_of(retention: &Retention, user: UserId) -> Result<Vec<ConversationId>> {
    let found = crate::server::store::conversations::latest(&mut *retention.store.read().await?, user, i64::MAX).await?;
    Ok(found.into_iter().map(|conversation| conversation.id).collect())
}

/// Goes through a person's entries of all tiers, a page at a time, and erases those that were. Returns how many.
async fn erase_again(retention: &Retention, now: Timestamp, user: UserId, is_erased: impl Fn(EntryId) -> bool) -> Result<i64> {
    let (filter, archive) = (EntryFilter::default(), &retention.archive);
    let (mut erased, mut before) = (0, None);
    loop {
        let mut reader = retention.store.read().await?;
        let page = reading::list(&mut reader, archive, user, (&filter, false), before, AT_ONCE).await?;
        drop(reader);
        let Some(last) = page.last() else { return Ok(erased) };
        before = Some(last.id);
        for entry in page.iter().filter(|entry| is_erased(entry.id)) {
            release(retention, now, user, Covered::Place(entry.conversation_id)).await?;
            erasing::erase_entry(retention, now, user, entry.id).await?;
            erased += 1;
        }
    }
}
