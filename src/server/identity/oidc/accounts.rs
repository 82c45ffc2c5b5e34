//! Maps provider identities to accounts. The provider's subject identifies a user, never the
//! address alone: an address is linked to an existing account only if the provider has verified it
//! (or is trusted without saying so) and the account is not linked to that provider yet.

use super::{
    claims::{Claims, TokenError},
    settings::ProviderConfig,
};
use crate::{
    domain::{Account, time::Timestamp},
    server::{
        base::{digest::sha256_hex, error::StoreError, log_targets, new_id},
        store::{
            Store,
            identities::{self, ProviderIdentity},
            users,
        },
    },
};

/// How a token reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInChannel {
    /// Sign-in by browser: rights that the provider no longer asserts are removed.
    Browser,
    /// The bearer token of an API call, which may contain fewer claims.
    Api,
}

/// Why a token has no account.
#[derive(Debug, thiserror::Error)]
pub enum TokenAccountError {
    /// The token is rejected.
    #[error("the token {0}")]
    Refused(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The account of a token's subject, created at the first sign-in.
pub async fn account_for_claims(
    store: &Store,
    now: Timestamp,
    rules: &ProviderConfig,
    claims: &Claims,
    channel: SignInChannel,
) -> Result<Account, TokenAccountError> {
    let trusting = rules
        .trust_unverified_email
        .then(|| claims.clone().trusting_email());
    let claims = trusting.as_ref().unwrap_or(claims);
    let found =
        identities::find(&mut *store.read().await?, &claims.issuer, &claims.subject).await?;
    let identity = match found {
        Some(identity) => identity,
        None => create_identity(store, now, rules, claims).await?,
    };
    if identity.disabled {
        return Err(TokenError::SwitchedOff.into());
    }
    if channel == SignInChannel::Browser && !rules.allows(claims.email.as_deref()) {
        return Err(TokenError::NotAllowed.into());
    }
    if channel == SignInChannel::Api && claims.issued_at < identity.tokens_from {
        return Err(TokenError::SignedOut.into());
    }
    Ok(update_account(store, now, rules, claims, identity, channel).await?)
}

/// Checks again the account of a token that was valid before: `None` if the account was disabled or
/// deleted, or its owner signed out on all devices after `issued_at`.
pub async fn recheck_account(
    store: &Store,
    issuer: &str,
    subject: &str,
    issued_at: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let found = identities::find(&mut *store.read().await?, issuer, subject).await?;
    Ok(found
        .filter(|identity| !identity.disabled && issued_at >= identity.tokens_from)
        .map(|identity| identity.account))
}

/// Creates an account or links an existing one. Of two concurrent requests the second finds what
/// the first has created.
async fn create_identity(
    store: &Store,
    now: Timestamp,
    rules: &ProviderConfig,
    claims: &Claims,
) -> Result<ProviderIdentity, TokenAccountError> {
    if !rules.allows(claims.email.as_deref()) {
        return Err(TokenError::NotAllowed.into());
    }
    let mut tx = store.begin().await?;
    let email = claims
        .email
        .clone()
        .unwrap_or_else(|| placeholder_email(claims));
    let account = Account {
        id: new_id::user(now),
        email,
        is_admin: false,
    };
    let user = if users::insert_without_password(&mut tx, now, &account).await? {
        account.id
    } else {
        let existing = users::by_email(&mut tx, &account.email).await?;
        existing.ok_or(TokenError::SwitchedOff)?.account.id
    };
    let inserted = identities::insert(&mut tx, now, user, &claims.issuer, &claims.subject).await?;
    let identity = identities::find(&mut tx, &claims.issuer, &claims.subject).await?;
    if inserted {
        tx.commit().await?;
        tracing::info!(
            target: log_targets::IDENTITY_OIDC_ACCOUNTS,
            %user, new = user == account.id, "first sign-in with the provider"
        );
    }
    Ok(identity.ok_or(TokenError::Taken)?)
}

/// An address that cannot exist (RFC 2606), for a user whose address the provider has not verified.
fn placeholder_email(claims: &Claims) -> String {
    format!(
        "{}@sign-in.invalid",
        &sha256_hex(&format!("{} {}", claims.issuer, claims.subject))[..16]
    )
}

/// Updates the address and admin right from the token.
async fn update_account(
    store: &Store,
    now: Timestamp,
    rules: &ProviderConfig,
    claims: &Claims,
    identity: ProviderIdentity,
    channel: SignInChannel,
) -> Result<Account, StoreError> {
    let email = claims
        .email
        .as_ref()
        .filter(|email| !identity.has_password && **email != identity.account.email);
    let admin = is_admin(rules, claims, channel).filter(|is_admin| match is_admin {
        true => !identity.account.is_admin,
        false => identity.grants_admin,
    });
    if email.is_none() && admin.is_none() {
        return Ok(identity.account);
    }
    let mut tx = store.begin().await?;
    let mut account = identity.account;
    if let Some(email) = email {
        if users::set_email(&mut tx, account.id, email).await? {
            account.email.clone_from(email);
        } else {
            tracing::warn!(
                target: log_targets::IDENTITY_OIDC_ACCOUNTS,
                user = %account.id,
                "the provider's email address belongs to another account; the address is unchanged"
            );
        }
    }
    if let Some(is_admin) = admin {
        identities::set_admin(&mut tx, now, account.id, &claims.issuer, is_admin).await?;
        account.is_admin = is_admin;
        tracing::info!(
            target: log_targets::IDENTITY_OIDC_ACCOUNTS,
            user = %account.id, is_admin, "the provider changed the admin right of an account"
        );
    }
    tx.commit().await?;
    Ok(account)
}

/// Whether the token makes the user an admin; `None` if an API token has no statement about it.
/// Without a rule nobody becomes an admin.
fn is_admin(rules: &ProviderConfig, claims: &Claims, channel: SignInChannel) -> Option<bool> {
    let by_claim = rules
        .admin_claim
        .as_ref()
        .map(|(path, value)| claims.contains(path, value));
    let by_list = (!rules.admins.is_empty()).then(|| {
        let email = claims.email.as_ref()?;
        Some(rules.admins.contains(email))
    });
    let results = [by_claim, by_list].map(|result| result.unwrap_or(Some(false)));
    let unknown = results.contains(&None) || (by_claim.is_none() && by_list.is_none());
    if results.contains(&Some(true)) {
        Some(true)
    } else if unknown && channel == SignInChannel::Api {
        None
    } else {
        Some(false)
    }
}
