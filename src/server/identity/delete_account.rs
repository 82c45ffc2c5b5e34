//! Erasing a person with everything they have. They are shut out first: nothing new comes while the
//! rest goes.

use super::roles::{check_not_last_admin, shut_out};
use crate::{
    domain::{
        DeleteReceipt,
        ids::{TurnId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, erase::erase_account},
        base::{
            error::{Error, FileError, Result},
            log_targets,
        },
        files::{FileStore, sweep::delete_marked_files_or_log},
        store::{holds, people},
    },
};

/// On whose word somebody is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedBy {
    /// An admin's, or the operator's.
    Admin,
    /// Their own; the only person there is may go too, and Holly begins anew.
    Own,
}

/// What deleting an account came to.
#[derive(Debug)]
pub struct DeletedAccount {
    /// What went with it.
    pub receipt: DeleteReceipt,
    /// Why files of it are still stored. A running server tries again every hour.
    pub files_left: Option<FileError>,
}

/// Deletes a person with everything they have, from every tier; `stop` ends their turns that run in
/// this process. Errors: `NotFound`, `Conflict` for the last admin and while an admin holds what
/// they have.
pub async fn delete_account(
    tiers: &Tiers,
    stored: &FileStore,
    now: Timestamp,
    user: UserId,
    whose: RequestedBy,
    stop: impl Fn(TurnId),
) -> Result<DeletedAccount> {
    let mut tx = tiers.store.begin().await?;
    tx.lock(user).await?;
    let person = people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    if whose == RequestedBy::Admin || people::is_another_user(&mut tx, user).await? {
        check_not_last_admin(&mut tx, &person).await?;
    }
    if holds::any_of(&mut tx, user).await? {
        return Err(Error::Conflict(
            "an admin has put this account or a conversation in it on hold".into(),
        ));
    }
    let turns = shut_out(&mut tx, now, user).await?;
    tx.commit().await?;
    turns.into_iter().for_each(stop);
    tiers.store.wakeups().access(user);
    let receipt = erase_account(tiers, now, user).await?;
    // also what a write left that was cut off
    let files_left = stored.delete_all(user).await.err();
    if let Some(error) = &files_left {
        tracing::error!(
            target: log_targets::IDENTITY_DELETE_ACCOUNT,
            %error, "files of an erased account could not be deleted yet; it is tried again every hour"
        );
    }
    delete_marked_files_or_log(&tiers.store, stored).await;
    Ok(DeletedAccount {
        receipt,
        files_left,
    })
}
