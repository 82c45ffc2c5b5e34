//! Deletes an account with all its data. The account is disabled first, so that nothing new is
//! written meanwhile.

use super::roles::{check_not_last_admin, disable_account};
use crate::{
    domain::{
        AuditAction, DeleteReceipt,
        ids::{TurnId, UserId},
        time::Timestamp,
    },
    server::{
        archive::{Tiers, erase::erase_account},
        audit::{self, Event},
        base::{
            error::{Error, FileError, Result},
            log_targets, rendered_markdown,
        },
        files::FileStore,
        store::{holds, people},
    },
};

/// Who requested the deletion of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedBy {
    /// An admin or the operator.
    Admin,
    /// The owner. The only account may be deleted too; the next sign-up is then the first one
    /// again.
    Owner,
}

/// The result of deleting an account.
#[derive(Debug)]
pub struct DeletedAccount {
    /// Counts of what was deleted.
    pub receipt: DeleteReceipt,
    /// Why some of its files are still stored. A running server retries every hour.
    pub files_left: Option<FileError>,
}

/// Deletes an account with all its data in every tier; `stop` stops its turns in this process.
/// Errors: `NotFound`, `Conflict` for the last admin and while the account or a conversation in it
/// is on hold.
pub async fn delete_account(
    tiers: &Tiers,
    stored: &FileStore,
    now: Timestamp,
    user: UserId,
    requested_by: RequestedBy,
    stop: impl Fn(TurnId),
) -> Result<DeletedAccount> {
    let mut tx = tiers.store.begin().await?;
    tx.lock(user).await?;
    let person = people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    if requested_by == RequestedBy::Admin || people::is_another_user(&mut tx, user).await? {
        check_not_last_admin(&mut tx, &person).await?;
    }
    if holds::any_of(&mut tx, user).await? {
        return Err(Error::Conflict(
            "an admin has put this account or a conversation in it on hold".into(),
        ));
    }
    let turns = disable_account(&mut tx, now, user).await?;
    tx.commit().await?;
    turns.into_iter().for_each(stop);
    tiers.store.wakeups().access(user);
    let receipt = erase_account(tiers, now, user).await?;
    // Includes files left behind by interrupted uploads, which no row names.
    let files_left = stored.delete_all(user).await.err();
    if let Some(error) = &files_left {
        tracing::error!(
            target: log_targets::IDENTITY_DELETE_ACCOUNT,
            %error, "files of a deleted account could not be deleted; retrying every hour"
        );
    }
    rendered_markdown::clear();
    let by = match requested_by {
        RequestedBy::Admin => "by an admin or the operator",
        RequestedBy::Owner => "by its owner",
    };
    let event = Event::of(AuditAction::AccountErased).detail(by);
    audit::record(&tiers.store, now, event).await;
    Ok(DeletedAccount {
        receipt,
        files_left,
    })
}
