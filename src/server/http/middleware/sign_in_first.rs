//! Redirects a browser that is not signed in: to `/welcome` while there is no account, else to
//! `/sign-in`.

use crate::server::{
    http::{extract::Identity, problem::Problem, redirects},
    state::App,
    store::{Result, users},
};
use axum::{
    extract::{Request, State},
    http::{Uri, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// Redirects to the page that must be visited first, or passes the request on.
pub async fn layer(
    State(app): State<App>,
    identity: Option<Identity>,
    request: Request,
    next: Next,
) -> Response {
    match first_page(&app, identity.is_some(), request.uri().clone()).await {
        Ok(None) => next.run(request).await,
        Ok(Some(page)) => Redirect::to(&page).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn first_page(app: &App, signed_in: bool, uri: Uri) -> Result<Option<String>> {
    let path = uri.path();
    let is_entry_page = matches!(path, "/sign-in" | "/welcome");
    if signed_in {
        return Ok(is_entry_page.then(|| "/".to_owned()));
    }
    let is_page = is_entry_page
        || matches!(
            path,
            "/" | "/conversations"
                | "/history"
                | "/settings"
                | "/settings/people"
                | "/settings/audit"
                | "/stats"
                | "/holds"
                | "/confirm"
        )
        || path.starts_with("/c/");
    if !is_page {
        return Ok(None);
    }
    let accounts = &app.config.oidc;
    let needs_first_account =
        accounts.local_accounts && !users::any(&mut *app.store.read().await?).await?;
    Ok(match (path, needs_first_account) {
        ("/welcome", true) | ("/sign-in", false) => None,
        // shows why a sign-in at the provider failed
        ("/sign-in", true) if accounts.provider.is_some() => None,
        // shows the receipt after the only account was erased
        ("/sign-in", true) => Some(uri.query().map_or_else(
            || "/welcome".to_owned(),
            |query| redirects::local_path(&format!("/welcome?{query}")),
        )),
        (_, true) => Some("/welcome".to_owned()),
        ("/welcome", false) => Some("/sign-in".to_owned()),
        (_, false) => Some(redirects::sign_in_page(
            uri.path_and_query().map_or("/", PathAndQuery::as_str),
        )),
    })
}
