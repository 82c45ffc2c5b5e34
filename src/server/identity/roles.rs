//! What an admin may change of others. Somebody always stays who may: the last admin neither goes
//! nor is demoted.

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

/// Makes a person an admin, or no longer one; what they see changes with their next request.
/// Errors: `NotFound`, `Conflict` for the last admin.
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

/// Shuts a person out: sessions and keys end, open streams with them, and running turns are asked
/// to stop, in whatever process. What they wrote stays. Returns the turns, so that those of this
/// process can be ended at once. Errors: `NotFound`, `Conflict` for the last admin.
pub async fn disable(store: &Store, now: Timestamp, user: UserId) -> Result<Vec<TurnId>> {
    let mut tx = store.begin().await?;
    tx.lock(user).await?;
    let person = people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    check_not_last_admin(&mut tx, &person).await?;
    let turns = shut_out(&mut tx, now, user).await?;
    tx.commit().await?;
    store.wakeups().access(user);
    Ok(turns)
}

/// Lets a person in again, by signing in; keys must be made anew.
pub async fn enable(store: &Store, user: UserId) -> Result<()> {
    let mut tx = store.begin().await?;
    people::find(&mut tx, user)
        .await?
        .ok_or(Error::NotFound("account"))?;
    people::set_disabled(&mut tx, user, None).await?;
    Ok(tx.commit().await?)
}

/// The part of shutting out that happens in the caller's transaction, which holds the person's
/// lock.
pub(super) async fn shut_out(tx: &mut Tx<'_>, now: Timestamp, user: UserId) -> Result<Vec<TurnId>> {
    people::set_disabled(tx, user, Some(now)).await?;
    sessions::delete_all(tx, user).await?;
    api_keys::revoke_all(tx, now, user).await?;
    invitations::withdraw_all_of(tx, user).await?;
    stop_turns(tx, now, user).await
}

/// Refuses to lose the only admin who may still come in. Until the end of the transaction nobody
/// else changes who is one.
pub(super) async fn check_not_last_admin(tx: &mut Tx<'_>, person: &Person) -> Result<()> {
    people::lock_admins(tx).await?;
    if person.is_admin && !person.is_disabled && !people::is_another_admin(tx, person.id).await? {
        return Err(Error::Conflict(format!(
            "{} is the last admin; make somebody else an admin first",
            person.email
        )));
    }
    Ok(())
}
