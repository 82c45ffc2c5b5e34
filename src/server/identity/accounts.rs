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
            digest::{random_hex, sha256_hex},
            error::{Error, Result},
            new_id,
        },
        limits::SignInLimits,
        store::{Store, identities, known_browsers, meta, users},
    },
};

/// Credentials and the client's address.
#[derive(Clone)]
pub struct Credentials {
    /// The email address of the account.
    pub email: String,
    /// The password as typed.
    pub password: String,
    /// The client's network (`base::network`).
    pub from: String,
    /// The cookie of a browser that signed in before.
    pub browser: Option<String>,
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
    let hash = password::hash(checked_password(password, &account.email)?).await?;
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
    let hash = password::hash(checked_password(password, &account.email)?).await?;
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
    meta::end_setup(&mut tx).await.map_err(Error::from)?;
    tx.commit().await.map_err(Error::from)?;
    Ok(account)
}

/// Checks address and password. Attempts are limited by client network and by account, in this
/// order: what is no email address, or comes from a network over its limit, counts for no account.
/// A browser that signed in to the account before has a limit of its own.
pub async fn sign_in(
    store: &Store,
    limits: &SignInLimits,
    credentials: Credentials,
) -> std::result::Result<Account, AccountError> {
    let email = checked_email(&credentials.email).ok();
    let known = match (&email, credentials.browser.as_deref()) {
        (Some(email), Some(token)) => known_browser(store, email, token).await?,
        _ => None,
    };
    let network = &credentials.from;
    match (&known, &email) {
        (Some(token_hash), _) => limits.known_browser(token_hash),
        (None, Some(email)) => limits
            .from_network(network)
            .and_then(|()| limits.to_account(email)),
        (None, None) => limits.from_network(network),
    }
    .map_err(AccountError::TooOften)?;
    let email = email.ok_or(AccountError::Wrong)?;
    check_credentials(store, &email, credentials.password).await
}

/// Checks the password of a signed-in user who confirms an action.
pub async fn confirm_password(
    store: &Store,
    limits: &SignInLimits,
    account: &Account,
    password: String,
) -> std::result::Result<(), AccountError> {
    limits
        .confirmation(account.id)
        .map_err(AccountError::TooOften)?;
    check_credentials(store, &account.email, password).await?;
    Ok(())
}

async fn check_credentials(
    store: &Store,
    email: &str,
    typed: String,
) -> std::result::Result<Account, AccountError> {
    let mut reader = store.read().await.map_err(Error::from)?;
    let record = users::by_email(&mut reader, email)
        .await
        .map_err(Error::from)?;
    drop(reader);
    let (account, hash) = record
        .map(|record| (record.account, record.password_hash))
        .unzip();
    let valid =
        typed.len() <= password::MAX_BYTES && password::verify(typed, hash.flatten()).await?;
    account.filter(|_| valid).ok_or(AccountError::Wrong)
}

/// The hash of a browser's cookie if it signed in to this account before.
async fn known_browser(store: &Store, email: &str, token: &str) -> Result<Option<String>> {
    let mut reader = store.read().await?;
    let Some(record) = users::by_email(&mut reader, email).await? else {
        return Ok(None);
    };
    let token_hash = sha256_hex(token);
    let is_known = known_browsers::is_known(&mut reader, record.account.id, &token_hash).await?;
    Ok(is_known.then_some(token_hash))
}

/// Records that a browser signed in to an account. Returns the value of its cookie: `token`, if it
/// has one.
pub async fn remember_browser(
    store: &Store,
    now: Timestamp,
    user: UserId,
    token: Option<String>,
) -> Result<String> {
    let is_token =
        |token: &String| token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit());
    let token = token.filter(is_token).unwrap_or_else(random_hex::<32>);
    let mut tx = store.begin().await?;
    known_browsers::record(&mut tx, now, user, &sha256_hex(&token)).await?;
    tx.commit().await?;
    Ok(token)
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
