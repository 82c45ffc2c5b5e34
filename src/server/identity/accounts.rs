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

/// What somebody signs in with, from where.
#[derive(Clone)]
pub struct Credentials {
    /// The address of the account.
    pub email: String,
    /// The password as typed.
    pub password: String,
    /// The network address that asks.
    pub from: String,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address or the password is wrong; which, is not said.
    #[error("That address and password do not go together.")]
    Wrong,
    /// Too many tries; come back after so many seconds.
    #[error("Too many tries. Please wait {0} seconds.")]
    TooOften(u64),
    /// Nobody signs in with a password here.
    #[error("Accounts with a password are switched off here. Please sign in with the provider.")]
    SwitchedOff,
    /// There are accounts already, so the first one cannot be made.
    #[error("There is an account already. Please sign in.")]
    NotFirst,
    /// It cannot be taken, or the database failed.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Adds an account. Errors: `Refused` for a bad address or password or one that is taken.
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
    // Asked before the password is hashed, which costs: anybody may come here.
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

/// Checks address and password. Tries are limited by account and by where they come from.
pub async fn sign_in(
    store: &Store,
    attempts: &Attempts,
    who: Credentials,
) -> std::result::Result<Account, AccountError> {
    let email = who.email.trim().to_lowercase();
    attempts
        .check(&format!("account {email}"))
        .map_err(AccountError::TooOften)?;
    attempts
        .check(&format!("from {}", who.from))
        .map_err(AccountError::TooOften)?;
    if checked_email(&email).is_err() {
        return Err(AccountError::Wrong);
    }
    let mut reader = store.read().await.map_err(Error::from)?;
    let record = users::by_email(&mut reader, &email)
        .await
        .map_err(Error::from)?;
    drop(reader);
    let (account, hash) = record
        .map(|record| (record.account, record.password_hash))
        .unzip();
    let right = who.password.len() <= password::MAX_BYTES
        && password::verify(who.password, hash.flatten()).await;
    account.filter(|_| right).ok_or(AccountError::Wrong)
}

/// Refuses whatever concerns a password where accounts have none.
pub fn passwords_are_on(config: &OidcConfig) -> std::result::Result<(), AccountError> {
    if config.local_accounts {
        Ok(())
    } else {
        Err(AccountError::SwitchedOff)
    }
}

/// Whether the person can sign in with a password.
pub async fn has_password(store: &Store, config: &OidcConfig, user: UserId) -> Result<bool> {
    Ok(config.local_accounts
        && users::password_hash(&mut *store.read().await?, user)
            .await?
            .is_some())
}

/// Refuses what cannot be undone unless its owner typed the account's address.
pub fn confirmed_by_address(account: &Account, typed: &str) -> Result<()> {
    if typed.trim().to_lowercase() == account.email {
        Ok(())
    } else {
        Err(Error::refused(
            "email",
            "must be the address of your account",
        ))
    }
}

/// Refuses tokens of the sign-in provider that were issued to the person so far.
pub async fn refuse_earlier_tokens(store: &Store, now: Timestamp, user: UserId) -> Result<()> {
    let mut tx = store.begin().await?;
    identities::refuse_earlier_tokens(&mut tx, now, user).await?;
    Ok(tx.commit().await?)
}
