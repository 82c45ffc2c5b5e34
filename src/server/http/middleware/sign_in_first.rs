//! Which page a person sees first: `/welcome` while there is no account, `/sign-in` while nobody is
//! signed in.

use crate::server::{
    http::{extract::Identity, problem::Problem},
    state::App,
    store::{Result, users},
};
use axum::{
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// Leads to the page that comes first, or lets the request pass.
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

async fn first_page(app: &App, signed_in: bool, asked: Uri) -> Result<Option<String>> {
    let path = asked.path();
    let entrance = matches!(path, "/sign-in" | "/welcome");
    if signed_in {
        return Ok(entrance.then(|| "/".to_owned()));
    }
    let page = entrance
        || matches!(
            path,
            "/" | "/conversations"
                | "/history"
                | "/settings"
                | "/settings/people"
                | "/stats"
                | "/holds"
        )
        || path.starts_with("/c/");
    if !page {
        return Ok(None);
    }
    let accounts = &app.config.oidc;
    let welcome = accounts.local_accounts && !users::any(&mut *app.store.read().await?).await?;
    Ok(match (path, welcome) {
        ("/welcome", true) | ("/sign-in", false) => None,
        // Whoever comes back from the provider in vain is told why there.
        ("/sign-in", true) if accounts.provider.is_some() => None,
        // Whoever erased the only account reads the receipt there.
        ("/sign-in", true) => Some(asked.query().map_or_else(
            || "/welcome".to_owned(),
            |query| format!("/welcome?{query}"),
        )),
        (_, true) => Some("/welcome".to_owned()),
        ("/" | "/welcome", false) => Some("/sign-in".to_owned()),
        (path, false) => Some(format!("/sign-in?next={path}")),
    })
}
