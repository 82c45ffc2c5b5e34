//! Accounts and what belongs to them: people as admins see them, invitations, API keys, signed-in
//! browsers.

use super::{ids::UserId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The person.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Whether they may see everybody's figures.
    pub is_admin: bool,
}

/// Somebody with an account, as an admin sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The person.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Whether they may see this page.
    pub is_admin: bool,
    /// Whether they are shut out.
    pub is_disabled: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When they were last there, to some minutes.
    pub last_active_at: Option<Timestamp>,
}

/// An invitation that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// For whom.
    pub email: String,
    /// Whether they will be an admin.
    pub is_admin: bool,
    /// The address of the admin who made it; none for the command line.
    pub invited_by: Option<String>,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// An API key as its owner sees it; the secret is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The part between `holly_` and the secret.
    pub id: String,
    /// What its owner called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A browser in which a person is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Names the session; it opens nothing.
    pub id: String,
    /// Browser and system, as far as they say.
    pub name: String,
    /// When it was last used, to some minutes.
    pub last_seen_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// How one may sign in here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInWays {
    /// With an account's address and password.
    pub password: bool,
    /// With the provider of this name.
    pub provider: Option<String>,
}
