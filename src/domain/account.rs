//! Accounts and their records: users as admins see them, invitations, API keys and sessions.

use super::{Scopes, ids::UserId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// The signed-in user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The user.
    pub id: UserId,
    /// The email address used to sign in.
    pub email: String,
    /// Whether the user may see the admin pages.
    pub is_admin: bool,
}

/// A user as an admin sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The user.
    pub id: UserId,
    /// The email address used to sign in.
    pub email: String,
    /// Whether the user is an admin.
    pub is_admin: bool,
    /// Whether the account is disabled.
    pub is_disabled: bool,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When the user was last active, to a few minutes.
    pub last_active_at: Option<Timestamp>,
}

/// An open invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The invited email address.
    pub email: String,
    /// Whether the new account becomes an admin.
    pub is_admin: bool,
    /// Whether the address has an account, which gets a new password.
    pub resets_password: bool,
    /// The address of the admin who created it; `None` for the command line.
    pub invited_by: Option<String>,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// An API key as its owner sees it; the secret is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The part between `holly_` and the secret.
    pub id: String,
    /// The name its owner gave it.
    pub name: String,
    /// What it may do; `admin` counts only while its owner is an admin.
    pub scopes: Scopes,
    /// Whether it was made before there were scopes, so that nobody has chosen them.
    pub made_before_scopes: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// A browser in which the user is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Identifies the session; it is not a credential.
    pub id: String,
    /// Browser and operating system, as far as known.
    pub name: String,
    /// When it was last used, to a few minutes.
    pub last_seen_at: Timestamp,
    /// Whether it is the browser that sent the request.
    pub is_this: bool,
}

/// The available ways to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInWays {
    /// With email address and password.
    pub password: bool,
    /// With the OpenID provider of this name.
    pub provider: Option<String>,
    /// Whether the first account needs the setup code.
    pub setup_code: bool,
}
