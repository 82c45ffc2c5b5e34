//! Accounts with a password.

use super::{
    oidc::settings::OidcConfig,
    password,
    validation::{checked_email, checked_password},
};
use crate::{
    domain::{Account, ids::UserId, time::Timestamp},
    server::{
        base::{
            error::{Error, Result},
            new_id,
        },
        limits::Attempts,
        store::{Store, identities, users},
    },
};

/// Credentials and the client's address.
#[derive(Clone)]
pub struct Credentials {
    /// The email address of the account.
    pub email: String,
    /// The password as typed.
    pub password: String,
    /// The client's network address.
    pub from: String,
}

/// Why sign-in or sign-up failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address or the password is wrong; the message does not say which.
    #[error("The email address or the password is wrong.")]
    Wrong,
    /// Rate limited; retry after this many seconds.
    #[error("Too many attempts. Please wait {0} seconds.")]
    TooOften(u64),
    /// Password sign-in is disabled.
    #[error("Accounts with a password are disabled. Please sign in with the provider.")]
    SwitchedOff,
    /// An account exists, so the first one cannot be created.
    #[error("There is an account already. Please sign in.")]
    NotFirst,
    /// Invalid input, or the database failed.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Adds an account. Errors: `Refused` for an invalid address or password or if the address is
/// taken.
pub async fn add_account(
    store: &Store,
    now: Timestamp,
    email: &str,
    password: &str,
    is_admin: bool,
) -> Result<Account> {
    let account = Account {
        id: new_id::user(now),
        email: checked_email(email)?,
        is_admin,
    };
    let hash = password::hash(checked_password(password)?).await;
    let mut tx = store.begin().await?;
    if !users::insert(&mut tx, now, &account, &hash).await? {
        return Err(Error::refused("email", "is taken by another account"));
    }
    tx.commit().await?;
    Ok(account)
}

/// Adds the first account; its owner is an admin.
pub async fn sign_up_first(
    store: &Store,
    now: Timestamp,
    email: &str,
    password: &str,
) -> std::result::Result<Account, AccountError> {
    let account = Account {
        id: new_id::user(now),
        email: checked_email(email)?,
        is_admin: true,
    };
    // Checked before the password is hashed, because hashing is expensive and anyone may call this.
    if users::any(&mut *store.read().await.map_err(Error::from)?)
        .await
        .map_err(Error::from)?
    {
        return Err(AccountError::NotFirst);
    }
    let hash = password::hash(checked_password(password)?).await;
    let mut tx = store.begin().await.map_err(Error::from)?;
    users::lock_first_account(&mut tx)
        .await
        .map_err(Error::from)?;
    if users::any(&mut tx).await.map_err(Error::from)? {
        return Err(AccountError::NotFirst);
    }
    users::insert(&mut tx, now, &account, &hash)
        .await
        .map_err(Error::from)?;
    tx.commit().await.map_err(Error::from)?;
    Ok(account)
}

/// Checks address and password. Attempts are limited by client address and by account, in this
/// order: what is no email address, or comes from a client over its limit, counts for no account.
pub async fn sign_in(
    store: &Store,
    attempts: &Attempts,
    credentials: Credentials,
) -> std::result::Result<Account, AccountError> {
    attempts
        .check(&format!("from {}", credentials.from))
        .map_err(AccountError::TooOften)?;
    let email = checked_email(&credentials.email).map_err(|_| AccountError::Wrong)?;
    attempts
        .check(&format!("account {email}"))
        .map_err(AccountError::TooOften)?;
    let mut reader = store.read().await.map_err(Error::from)?;
    let record = users::by_email(&mut reader, &email)
        .await
        .map_err(Error::from)?;
    drop(reader);
    let (account, hash) = record
        .map(|record| (record.account, record.password_hash))
        .unzip();
    let valid = credentials.password.len() <= password::MAX_BYTES
        && password::verify(credentials.password, hash.flatten()).await;
    account.filter(|_| valid).ok_or(AccountError::Wrong)
}

/// Returns an error if password sign-in is disabled.
pub fn check_passwords_enabled(config: &OidcConfig) -> std::result::Result<(), AccountError> {
    if config.local_accounts {
        Ok(())
    } else {
        Err(AccountError::SwitchedOff)
    }
}

/// Whether the user can sign in with a password.
pub async fn has_password(store: &Store, config: &OidcConfig, user: UserId) -> Result<bool> {
    Ok(config.local_accounts
        && users::password_hash(&mut *store.read().await?, user)
            .await?
            .is_some())
}

/// Confirms an irreversible action: the user must type the account's address.
pub fn check_confirmation(account: &Account, typed: &str) -> Result<()> {
    if typed.trim().to_lowercase() == account.email {
        Ok(())
    } else {
        Err(Error::refused(
            "email",
            "must be the address of your account",
        ))
    }
}

/// Rejects provider tokens that were issued to the user up to now.
pub async fn reject_earlier_tokens(store: &Store, now: Timestamp, user: UserId) -> Result<()> {
    let mut tx = store.begin().await?;
    identities::refuse_earlier_tokens(&mut tx, now, user).await?;
    Ok(tx.commit().await?)
}
