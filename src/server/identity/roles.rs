//! Admin operations on other accounts. The last admin can neither be disabled nor demoted.

use crate::{
    domain::{
        Person,
        ids::{TurnId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::{Error, Result},
        chat::stop_turns,
        store::{Store, Tx, api_keys, invitations, people, sessions},
    },
};

/// Grants or revokes the admin right, effective with the user's next request. Errors: `NotFound`,
/// `Conflict` for the last admin.
pub async fn set_admin(store: &Store, now: Timestamp, user: UserId, admin: bool) -> Result<()> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let person = people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    if person.is_admin == admin {
        return Ok(());
    }
    if !admin {
        check_not_last_admin(&mut tx, &person).await?;
        invitations::withdraw_all_of(&mut tx, user).await?;
    }
    people::set_admin(&mut tx, user, admin.then_some(now)).await?;
    Ok(tx.commit().await?)
}

/// Disables an account: its sessions, keys and streams end, and its turns are requested to stop in
/// every process. Its data stays. Returns the turns, so that those of this process can be stopped
/// at once. Errors: `NotFound`, `Conflict` for the last admin.
pub async fn disable(store: &Store, now: Timestamp, user: UserId) -> Result<Vec<TurnId>> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let person = people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    check_not_last_admin(&mut tx, &person).await?;
    let turns = disable_account(&mut tx, now, user).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(turns)
}

/// Enables an account again; its user must sign in and create new keys.
pub async fn enable(store: &Store, user: UserId) -> Result<()> {
    let mut tx = store.begin().await?;
    people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    people::set_disabled(&mut tx, user, None).await?;
    Ok(tx.commit().await?)
}

/// Disables an account in the caller's transaction, which holds the user's lock.
pub(super) async fn disable_account(
    tx: &mut Tx<'_>,
    now: Timestamp,
    user: UserId,
) -> Result<Vec<TurnId>> {
    people::set_disabled(tx, user, Some(now)).await?;
    sessions::delete_all(tx, user).await?;
    api_keys::revoke_all(tx, now, user).await?;
    invitations::withdraw_all_of(tx, user).await?;
    stop_turns(tx, now, user).await
}

/// Returns an error for the only enabled admin. Locks the set of admins until the end of the
/// transaction.
pub(super) async fn check_not_last_admin(tx: &mut Tx<'_>, person: &Person) -> Result<()> {
    people::lock_admins(tx).await?;
    if person.is_admin && !person.is_disabled && !people::is_another_admin(tx, person.id).await? {
        return Err(Error::Conflict(format!(
            "{} is the last admin; make another user an admin first",
            person.email
        )));
    }
    Ok(())
}
