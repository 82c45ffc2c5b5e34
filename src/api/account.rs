//! Accounts: first account, sign in, sign out.

use super::ApiError;
use leptos::prelude::*;

/// Creates the first account, its owner an admin, and signs them in.
#[server(prefix = "/fn", endpoint = "account/welcome")]
pub async fn create_first_account(email: String, password: String) -> Result<(), ApiError> {
    use crate::server::{asker, auth, cookies};
    let app = asker::app();
    app.limits.sign_in.check(&format!("from {}", cookies::peer())).map_err(auth::AccountError::TooOften)?;
    let account = auth::sign_up_first(&app.store, app.clock.now(), &email, &password).await?;
    cookies::sign_in(&app, account.id).await?;
    leptos_axum::redirect("/");
    Ok(())
}

/// Signs in and goes to `next`, a path of this site.
#[server(prefix = "/fn", endpoint = "account/sign-in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), ApiError> {
    use crate::server::{asker, auth, cookies};
    let app = asker::app();
    let who = auth::Credentials { email, password, from: cookies::peer() };
    let account = auth::sign_in(&app.store, &app.limits.sign_in, who).await?;
    cookies::sign_in(&app, account.id).await?;
    leptos_axum::redirect(&cookies::own_path(next));
    Ok(())
}

/// Signs out on this device.
#[server(prefix = "/fn", endpoint = "account/sign-out")]
pub async fn sign_out() -> Result<(), ApiError> {
    use crate::server::{asker, auth, cookies, middleware::identity::Credential};
    let (app, identity) = asker::asker()?;
    if let Credential::Session(token) = identity.credential {
        auth::end_session(&app.store, identity.account.id, &token).await?;
    }
    cookies::sign_out(&app);
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// Signs out on all devices.
#[server(prefix = "/fn", endpoint = "account/sign-out-everywhere")]
pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    use crate::server::{asker, auth, cookies};
    let (app, identity) = asker::asker()?;
    auth::end_all_sessions(&app.store, identity.account.id).await?;
    cookies::sign_out(&app);
    leptos_axum::redirect("/sign-in");
    Ok(())
}

/// Erases the account with everything in it, from every tier, after the password was given again.
#[server(prefix = "/fn", endpoint = "account/erase")]
pub async fn erase_account(password: String) -> Result<(), ApiError> {
    use crate::server::{asker, auth, cookies, people};
    let (app, identity) = asker::asker()?;
    let who = auth::Credentials { email: identity.account.email.clone(), password, from: cookies::peer() };
    let account = auth::sign_in(&app.store, &app.limits.sign_in, who).await?;
    let receipt = people::erase_here(&app, account.id, people::Whose::Own).await?;
    cookies::sign_out(&app);
    leptos_axum::redirect(&format!("/sign-in?erased={}", receipt.code()));
    Ok(())
}
