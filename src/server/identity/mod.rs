//! Authentication and account management: accounts, sessions, API keys, roles and invitations;
//! `oidc` is sign-in with an OpenID provider.

mod accounts;
mod api_keys;
mod delete_account;
mod devices;
mod invitations;
pub mod oidc;
mod password;
mod roles;
mod sessions;
mod setup_code;
mod validation;

pub use accounts::{
    AccountError, Credentials, add_account, check_confirmation, check_passwords_enabled,
    confirm_password, has_password, reject_earlier_tokens, remember_browser, sign_in,
    sign_up_first,
};
pub use api_keys::{
    CheckedKey, KEY_DAYS_MAX, NewKey, check_key, create_key, key_owner, revoke_all_keys, revoke_key,
};
pub use delete_account::{DeletedAccount, RequestedBy, delete_account};
pub use devices::{change_password, devices, end_device};
pub use invitations::{
    INVITATION_DAYS, create_password_link, find_invitation, invite, join, revoke_invitation,
};
pub(crate) use password::hash as hashed_password;
pub use roles::{disable, enable, set_admin};
pub use sessions::{
    RECENT_MS, SESSION_LIFE, begin_provider_session, begin_session, check_session, confirm_session,
    end_all_sessions, end_session, is_confirmed, session_provider,
};
pub use setup_code::{check_setup_code, setup_code};
pub(crate) use validation::{checked_email, checked_password};

use super::{
    base::error::{Error, Result},
    store::{Store, people},
};
use crate::domain::{Person, ids::UserId};

/// Finds a user by email address. Errors: `NotFound`.
pub async fn find_by_email(store: &Store, email: &str) -> Result<Person> {
    people::by_email(&mut *store.read().await?, &email.trim().to_lowercase())
        .await?
        .ok_or(Error::NotFound("account"))
}

/// Finds a user by id. Errors: `NotFound`.
pub async fn find_user(store: &Store, user: UserId) -> Result<Person> {
    people::find(&mut *store.read().await?, user)
        .await?
        .ok_or(Error::NotFound("account"))
}
