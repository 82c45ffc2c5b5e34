//! Invitations: an admin gets a link with a secret of 256 random bits, shown once; whoever opens it
//! chooses a password and is in. It works once and for a week. Opening the link uses nothing up:
//! mail programs open links by themselves.

use crate::{
    domain::{
        Account, Invitation,
        ids::UserId,
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::{
            digest::{random_hex, sha256_hex},
            error::{Error, Result},
            new_id,
        },
        identity::{checked_email, checked_password, hashed_password},
        store::{Store, invitations, people, users},
    },
};

/// How long an invitation is open, in days.
pub const INVITATION_DAYS: i64 = 7;

/// Invites somebody and returns the secret of the link, this once; an open invitation for the same
/// address is replaced. Errors: `Refused` for what is no address, or the address of somebody who
/// has an account.
pub async fn invite(
    store: &Store,
    now: Timestamp,
    by: Option<UserId>,
    email: &str,
    is_admin: bool,
) -> Result<String> {
    let email = checked_email(email)?;
    let secret = random_hex::<32>();
    let invitation = Invitation {
        email,
        is_admin,
        invited_by: None,
        expires_at: now.plus(INVITATION_DAYS * DAY_MS),
    };
    let mut tx = store.begin().await?;
    if people::by_email(&mut tx, &invitation.email)
        .await?
        .is_some()
    {
        return Err(Error::refused(
            "email",
            "is the address of somebody who has an account",
        ));
    }
    invitations::upsert(&mut tx, now, by, &invitation, &sha256_hex(&secret)).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Takes an invitation back: its link opens nothing any more.
pub async fn withdraw(store: &Store, email: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    if !invitations::withdraw(&mut tx, &email.trim().to_lowercase()).await? {
        return Err(Error::NotFound("invitation"));
    }
    Ok(tx.commit().await?)
}

/// The open invitation with this secret. Errors: `NotFound`, which also says that it was used or
/// ran out.
pub async fn find_invitation(store: &Store, now: Timestamp, secret: &str) -> Result<Invitation> {
    let found = invitations::by_token(&mut *store.read().await?, now, &sha256_hex(secret)).await?;
    found.ok_or(Error::NotFound("invitation"))
}

/// Makes the account that an invitation is for; of several who come with the same secret, one is
/// let in. Errors: `NotFound` for a secret that opens nothing, `Refused` for a bad password or an
/// address that has an account now.
pub async fn join(store: &Store, now: Timestamp, secret: &str, password: &str) -> Result<Account> {
    let invitation = find_invitation(store, now, secret).await?;
    let hash = hashed_password(checked_password(password)?).await;
    let account = Account {
        id: new_id::user(now),
        email: invitation.email,
        is_admin: invitation.is_admin,
    };
    let mut tx = store.begin().await?;
    if !invitations::take(&mut tx, now, &sha256_hex(secret)).await? {
        return Err(Error::NotFound("invitation"));
    }
    if !users::insert(&mut tx, now, &account, &hash).await? {
        return Err(Error::refused("email", "has an account already; sign in"));
    }
    tx.commit().await?;
    Ok(account)
}
