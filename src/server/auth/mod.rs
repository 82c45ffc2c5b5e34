//! Who is asking: a session cookie or an API key; tokens of other providers are in `oidc`. Nothing
//! here knows HTTP beyond header values.

mod accounts;
mod api_key;
mod devices;
mod password;
mod secret;
mod session;

pub use accounts::{
    AccountError, Credentials, add_account, confirmed_by_address, has_password, passwords_are_on,
    refuse_earlier_tokens, sign_in, sign_up_first,
};
pub(crate) use accounts::{checked_email, checked_password};
pub use api_key::{check_key, create_key, revoke_key};
pub use devices::{change_password, devices, end_device};
pub(crate) use password::hash as hashed_password;
pub(crate) use secret::{random_hex, same, sha256_hex};
pub use session::{
    SESSION_LIFE, begin_provider_session, begin_session, check_session, end_all_sessions,
    end_session, session_provider,
};
