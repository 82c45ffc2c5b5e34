//! API keys: make, list, revoke.

use super::ApiError;
use crate::timestamp::Timestamp;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

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

/// Makes a key and returns it whole, this once.
#[server(prefix = "/fn", endpoint = "keys/create")]
pub async fn create_key(name: String) -> Result<String, ApiError> {
    Err(ApiError::Unreachable)
}

/// The keys that are in force, newest first.
#[server(prefix = "/fn", endpoint = "keys/list")]
pub async fn list_keys() -> Result<Vec<ApiKey>, ApiError> {
    Err(ApiError::Unreachable)
}

/// Takes a key out of force at once.
#[server(prefix = "/fn", endpoint = "keys/revoke")]
pub async fn revoke_key(id: String) -> Result<(), ApiError> {
    Err(ApiError::Unreachable)
}
