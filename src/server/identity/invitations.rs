//! Invitations: an admin gets a link with a secret of 256 random bits, shown once. The invited user
//! opens it and chooses a password. It works once and for a week. Opening the link does not use it
//! up, because mail programs fetch links by themselves.

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

/// How long an invitation is valid, in days.
pub const INVITATION_DAYS: i64 = 7;

/// Creates an invitation and returns the secret of its link, which cannot be read again; an open
/// invitation for the same address is replaced. Errors: `Refused` for an invalid address or one
/// that has an account.
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
        return Err(Error::refused("email", "has an account already"));
    }
    invitations::upsert(&mut tx, now, by, &invitation, &sha256_hex(&secret)).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Revokes an invitation: its link stops working.
pub async fn revoke_invitation(store: &Store, email: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    if !invitations::withdraw(&mut tx, &email.trim().to_lowercase()).await? {
        return Err(Error::NotFound("invitation"));
    }
    Ok(tx.commit().await?)
}

/// The open invitation with this secret. Errors: `NotFound`, also if it was used or has expired.
pub async fn find_invitation(store: &Store, now: Timestamp, secret: &str) -> Result<Invitation> {
    let found = invitations::by_token(&mut *store.read().await?, now, &sha256_hex(secret)).await?;
    found.ok_or(Error::NotFound("invitation"))
}

/// Creates the invited account. Of several requests with the same secret only one succeeds. Errors:
/// `NotFound` for an invalid secret, `Refused` for an invalid password or if the address has an
/// account by now.
pub async fn join(store: &Store, now: Timestamp, secret: &str, password: &str) -> Result<Account> {
    let invitation = find_invitation(store, now, secret).await?;
    let hash = hashed_password(checked_password(password, &invitation.email)?).await?;
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
