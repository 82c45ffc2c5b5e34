//! Invitations: an admin gets a link with a secret of 256 random bits, shown once. The invited user
//! opens it and chooses a password. It works once and for a week. Opening the link does not use it
//! up, because mail programs fetch links by themselves. A link for a new password is an invitation
//! of an address that has an account.

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
        store::{
            Store, Tx, api_keys, identities, invitations, known_browsers, people, sessions, users,
        },
    },
};

/// How long an invitation is valid, in days.
pub const INVITATION_DAYS: i64 = 7;

/// How long a link for a new password is valid, in days.
const PASSWORD_LINK_DAYS: i64 = 1;

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
        resets_password: false,
        invited_by: None,
        expires_at: now.plus(INVITATION_DAYS * DAY_MS),
    };
    let mut tx = store.begin().await?;
    check_inviter(&mut tx, by).await?;
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

/// Creates a link with which a user chooses a new password, and returns its secret, which cannot be
/// read again; it replaces an earlier one. Errors: `NotFound`, `Refused` if the user is disabled.
pub async fn create_password_link(
    store: &Store,
    now: Timestamp,
    by: Option<UserId>,
    user: UserId,
) -> Result<String> {
    let secret = random_hex::<32>();
    let mut tx = store.begin().await?;
    check_inviter(&mut tx, by).await?;
    let person = people::find(&mut tx, user).await?;
    let person = person.ok_or(Error::NotFound("account"))?;
    if person.is_disabled {
        return Err(Error::refused(
            "email",
            "is disabled; enable the account first",
        ));
    }
    let link = Invitation {
        email: person.email,
        is_admin: person.is_admin,
        resets_password: true,
        invited_by: None,
        expires_at: now.plus(PASSWORD_LINK_DAYS * DAY_MS),
    };
    invitations::upsert(&mut tx, now, by, &link, &sha256_hex(&secret)).await?;
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

/// Creates the invited account, or sets the new password of one that exists and ends its sessions.
/// Of several requests with the same secret only one succeeds. Errors:
/// `NotFound` for an invalid secret, `Refused` for an invalid password or if the address has an
/// account by now.
pub async fn join(store: &Store, now: Timestamp, secret: &str, password: &str) -> Result<Account> {
    let invitation = find_invitation(store, now, secret).await?;
    let hash = hashed_password(checked_password(password, &invitation.email)?).await?;
    let mut tx = store.begin().await?;
    if !invitations::take(&mut tx, now, &sha256_hex(secret)).await? {
        return Err(Error::NotFound("invitation"));
    }
    if invitation.resets_password {
        let account = set_password(&mut tx, now, &invitation.email, &hash).await?;
        tx.commit().await?;
        store.wakeups().access(account.id);
        return Ok(account);
    }
    let account = Account {
        id: new_id::user(now),
        email: invitation.email,
        is_admin: invitation.is_admin,
    };
    if !users::insert(&mut tx, now, &account, &hash).await? {
        return Err(Error::refused("email", "has an account already; sign in"));
    }
    tx.commit().await?;
    Ok(account)
}

/// Checks that who invites is still an admin; the lock keeps that until the transaction ends.
async fn check_inviter(tx: &mut Tx<'_>, by: Option<UserId>) -> Result<()> {
    let Some(by) = by else {
        return Ok(());
    };
    tx.lock(by).await?;
    let inviter = people::find(tx, by).await?;
    inviter
        .filter(|inviter| inviter.is_admin && !inviter.is_disabled)
        .map(|_| ())
        .ok_or(Error::NotFound("page"))
}

/// Sets the password of an enabled account, ends its sessions, keys and tokens, and forgets its
/// browsers.
async fn set_password(tx: &mut Tx<'_>, now: Timestamp, email: &str, hash: &str) -> Result<Account> {
    let person = people::by_email(tx, email).await?;
    let person = person
        .filter(|person| !person.is_disabled)
        .ok_or(Error::NotFound("invitation"))?;
    people::set_password(tx, person.id, hash).await?;
    sessions::delete_all(tx, person.id).await?;
    known_browsers::forget(tx, person.id).await?;
    identities::refuse_earlier_tokens(tx, now, person.id).await?;
    api_keys::revoke_all(tx, now, person.id).await?;
    Ok(Account {
        id: person.id,
        email: person.email,
        is_admin: person.is_admin,
    })
}
