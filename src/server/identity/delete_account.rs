//! Erasing a person with everything they have. They are shut out first: nothing new comes while the
//! rest goes.

use super::roles::{check_not_last_admin, shut_out};
use crate::{
    domain::{
        Receipt,
        ids::{TurnId, UserId},
        time::Timestamp,
    },
    server::{
        archive::erase::erase_account,
        base::{
            error::{Error, Result},
            log_targets,
        },
        files::sweep::delete_doomed_files_or_tell,
        retention::Retention,
        state::App,
        store::{people, retention::holds},
    },
};

/// On whose word somebody is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An admin's, or the operator's.
    Admin,
    /// Their own; the only person there is may go too, and Holly begins anew.
    Own,
}

/// Erases a person from every tier; `stop` ends their turns that run in this process. Files on the
/// disk are the caller's. Errors: `NotFound`, `Conflict` for the last admin and while an admin
/// holds what they have.
pub async fn erase(
    retention: &Retention,
    now: Timestamp,
    user: UserId,
    whose: Whose,
    stop: impl Fn(TurnId),
) -> Result<Receipt> {
    let mut tx = retention.store.begin().await?;
    tx.lock(user).await?;
    let person = people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    if whose == Whose::Admin || people::is_anybody_else(&mut tx, user).await? {
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
    retention.store.wakeups().access(user);
    erase_account(retention, now, user).await
}

/// The same in a running server, with the bytes of the files.
pub async fn erase_here(app: &App, user: UserId, whose: Whose) -> Result<Receipt> {
    let receipt = erase(&app.retention, app.clock.now(), user, whose, |turn| {
        app.assistant.cancel(turn)
    })
    .await?;
    // also what a write left that was cut off
    if let Err(error) = app.files.delete_all(user).await {
        tracing::error!(
            target: log_targets::IDENTITY_DELETE_ACCOUNT,
            %error, "files of an erased account could not be deleted yet; it is tried again every hour"
        );
    }
    delete_doomed_files_or_tell(&app.store, &app.files).await;
    Ok(receipt)
}
