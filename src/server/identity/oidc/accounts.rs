//! Whose account it is. The provider's id of a person counts, never their address alone: an address
//! is linked to an account that is there already only when the provider has verified it and nobody
//! of that provider has the account yet.

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

/// Where a person is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInChannel {
    /// At the sign-in of a browser: what the provider does not say any more is no longer so.
    SigningIn,
    /// In the token of an API call, which may say less.
    Calling,
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum TokenAccountError {
    /// By rule.
    #[error("the token {0}")]
    Refused(#[from] TokenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The account of the person of whom `claims` speak, made at their first sign-in.
pub async fn account_of(
    store: &Store,
    now: Timestamp,
    rules: &ProviderConfig,
    claims: &Claims,
    met: SignInChannel,
) -> Result<Account, TokenAccountError> {
    let found =
        identities::find(&mut *store.read().await?, &claims.issuer, &claims.subject).await?;
    let identity = match found {
        Some(identity) => identity,
        None => enrol(store, now, rules, claims).await?,
    };
    if identity.disabled {
        return Err(TokenError::SwitchedOff.into());
    }
    if met == SignInChannel::SigningIn && !rules.allows(claims.email.as_deref()) {
        return Err(TokenError::NotAllowed.into());
    }
    if met == SignInChannel::Calling && claims.issued_at < identity.tokens_from {
        return Err(TokenError::SignedOut.into());
    }
    Ok(refreshed(store, now, rules, claims, identity, met).await?)
}

/// The account of somebody whose token was checked when it came: `None` once the account is
/// switched off or erased, or its owner signed out on all devices after `issued_at`.
pub async fn account_still(
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

/// Makes an account, or links the one that is there. Two who come at once are one: the second finds
/// what the first has made.
async fn enrol(
    store: &Store,
    now: Timestamp,
    rules: &ProviderConfig,
    claims: &Claims,
) -> Result<ProviderIdentity, TokenAccountError> {
    if !rules.allows(claims.email.as_deref()) {
        return Err(TokenError::NotAllowed.into());
    }
    let mut tx = store.begin().await?;
    let email = claims.email.clone().unwrap_or_else(|| stand_in(claims));
    let account = Account {
        id: new_id::user(now),
        email,
        is_admin: false,
    };
    let user = if users::insert_without_password(&mut tx, now, &account).await? {
        account.id
    } else {
        let there = users::by_email(&mut tx, &account.email).await?;
        there.ok_or(TokenError::SwitchedOff)?.account.id
    };
    let noted = identities::insert(&mut tx, now, user, &claims.issuer, &claims.subject).await?;
    let identity = identities::find(&mut tx, &claims.issuer, &claims.subject).await?;
    if noted {
        tx.commit().await?;
        tracing::info!(
            target: log_targets::IDENTITY_OIDC_ACCOUNTS,
            %user, new = user == account.id, "somebody signed in with the provider for the first time"
        );
    }
    Ok(identity.ok_or(TokenError::Taken)?)
}

/// An address that nobody can have (RFC 2606), for a person whose own the provider has not
/// verified.
fn stand_in(claims: &Claims) -> String {
    format!(
        "{}@sign-in.invalid",
        &sha256_hex(&format!("{} {}", claims.issuer, claims.subject))[..16]
    )
}

/// Takes over what the provider says now of the person's address and rights.
async fn refreshed(
    store: &Store,
    now: Timestamp,
    rules: &ProviderConfig,
    claims: &Claims,
    identity: ProviderIdentity,
    met: SignInChannel,
) -> Result<Account, StoreError> {
    let email = claims
        .email
        .as_ref()
        .filter(|email| !identity.has_password && **email != identity.account.email);
    let admin = is_admin(rules, claims, met).filter(|is_admin| match is_admin {
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
                user = %account.id, "the provider's address of a person is another account's here; theirs stays as it was"
            );
        }
    }
    if let Some(is_admin) = admin {
        identities::set_admin(&mut tx, now, account.id, &claims.issuer, is_admin).await?;
        account.is_admin = is_admin;
        tracing::info!(
            target: log_targets::IDENTITY_OIDC_ACCOUNTS,
            user = %account.id, is_admin, "the provider's word changed who is admin"
        );
    }
    tx.commit().await?;
    Ok(account)
}

/// Whether the provider's word makes the person an admin; `None` where it says nothing about it.
/// With no rule it makes nobody.
fn is_admin(rules: &ProviderConfig, claims: &Claims, met: SignInChannel) -> Option<bool> {
    let by_claim = rules
        .admin_claim
        .as_ref()
        .map(|(path, value)| claims.holds(path, value));
    let by_list = (!rules.admins.is_empty()).then(|| {
        let email = claims.email.as_ref()?;
        Some(rules.admins.contains(email))
    });
    let words = [by_claim, by_list].map(|word| word.unwrap_or(Some(false)));
    let unsaid = words.contains(&None) || (by_claim.is_none() && by_list.is_none());
    if words.contains(&Some(true)) {
        Some(true)
    } else if unsaid && met == SignInChannel::Calling {
        None
    } else {
        Some(false)
    }
}
