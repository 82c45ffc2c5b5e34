//! The code that the first account needs on a server that others can reach: who set the server up
//! reads it in its output or log. All processes of a database share it.

use super::AccountError;
use crate::server::{
    base::{
        digest::{constant_time_eq, random_hex},
        error::{Error, Result},
    },
    store::{Store, meta, users},
};

/// The code, while there is no account; it is created and logged if there is none yet.
pub async fn setup_code(store: &Store) -> Result<Option<String>> {
    let mut reader = store.read().await?;
    if users::any(&mut reader).await? {
        return Ok(None);
    }
    let stored = meta::setup_code(&mut reader).await?;
    drop(reader);
    if stored.is_some() {
        return Ok(stored);
    }
    let mut tx = store.begin().await?;
    let code = meta::begin_setup(&mut tx, &random_hex::<8>()).await?;
    tx.commit().await?;
    tracing::info!("Setup code: {code}");
    Ok(Some(code))
}

/// Checks the code that was typed. Errors: it is not the code, or there is an account already.
pub async fn check_setup_code(
    store: &Store,
    typed: Option<&str>,
) -> std::result::Result<(), AccountError> {
    let code = setup_code(store).await?.ok_or(AccountError::NotFirst)?;
    if constant_time_eq(&code, typed.unwrap_or_default().trim()) {
        return Ok(());
    }
    let why = "must be the setup code, which the server printed when it started and wrote to its \
               log as `Setup code: …`";
    Err(Error::refused("code", why).into())
}
