//! Accounts: first account, sign in, sign out, theme.

use super::ApiError;
use leptos::prelude::*;

/// Creates the first account, its owner an admin, and signs them in.
#[server(prefix = "/fn", endpoint = "account/welcome")]
pub async fn create_first_account(email: String, password: String) -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}

/// Signs in and goes to `next`, a path of this site.
#[server(prefix = "/fn", endpoint = "account/sign-in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}

/// Signs out on this device.
#[server(prefix = "/fn", endpoint = "account/sign-out")]
pub async fn sign_out() -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}

/// Signs out on all devices.
#[server(prefix = "/fn", endpoint = "account/sign-out-everywhere")]
pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}
