//! Which server functions want a proof of who the user is from the last 10 minutes: one row per
//! function, checked before it runs. What only closes something (ending sessions, revoking a key,
//! withdrawing an invitation or a permission) is always allowed.

use super::{
    extract::{Credential, Identity},
    problem::Problem,
    redirects::confirmation_page,
};
use crate::{
    domain::error::ApiError,
    server::{base::error::Error, identity, state::App},
};
use axum::{
    Json,
    http::{HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};

/// The proof that a server function wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// None but the session.
    Session,
    /// The password, or a sign-in with the provider, in the last 10 minutes.
    Recent,
    /// The password in the form itself; `Recent` from accounts without one.
    Typed,
}

use Proof::{Recent, Session, Typed};

/// Each server function with the proof that it wants.
pub const FUNCTIONS: &[(&str, Proof)] = &[
    ("/fn/account/confirm", Session),
    ("/fn/account/end-session", Session),
    ("/fn/account/erase", Typed),
    ("/fn/account/password", Typed),
    ("/fn/account/sign-in", Session),
    ("/fn/account/sign-out", Session),
    ("/fn/account/sign-out-everywhere", Session),
    ("/fn/account/welcome", Session),
    ("/fn/approvals/decide", Session),
    ("/fn/approvals/revoke", Session),
    ("/fn/approvals/seen", Session),
    ("/fn/conversations/delete", Session),
    ("/fn/conversations/keep", Session),
    ("/fn/conversations/rename", Session),
    ("/fn/holds/place", Recent),
    ("/fn/holds/release", Recent),
    ("/fn/keys/create", Recent),
    ("/fn/keys/revoke", Session),
    ("/fn/page/audit", Session),
    ("/fn/page/chat", Session),
    ("/fn/page/confirm", Session),
    ("/fn/page/conversations", Session),
    ("/fn/page/earlier", Session),
    ("/fn/page/holds", Session),
    ("/fn/page/join", Session),
    ("/fn/page/people", Session),
    ("/fn/page/settings", Session),
    ("/fn/page/sign-in", Session),
    ("/fn/page/stats", Session),
    ("/fn/people/admin", Recent),
    ("/fn/people/disable", Recent),
    ("/fn/people/erase", Recent),
    ("/fn/people/invite", Recent),
    ("/fn/people/join", Session),
    ("/fn/people/password", Recent),
    ("/fn/people/withdraw", Session),
    ("/fn/retention/run", Session),
    ("/fn/settings/detail", Session),
    ("/fn/turns/edit", Session),
    ("/fn/turns/retry", Session),
    ("/fn/turns/send", Session),
    ("/fn/turns/stop", Session),
    ("/fn/work-log/delete", Session),
    ("/fn/work-log/feed", Session),
    ("/fn/work-log/history", Session),
    ("/fn/work-log/keep", Session),
];

/// The response to a call that wants a newer proof; `None` if it may run. Who is not signed in
/// passes: the functions answer them.
pub async fn refusal(app: &App, request: &Parts) -> Option<Response> {
    let identity = request.extensions.get::<Identity>()?;
    match is_allowed(app, identity, request.uri.path()).await {
        Ok(true) => None,
        Ok(false) => Some(ask(request)),
        Err(error) => Some(Problem::from(error).into_response()),
    }
}

async fn is_allowed(app: &App, identity: &Identity, path: &str) -> Result<bool, Error> {
    let row = FUNCTIONS.iter().find(|(known, _)| *known == path);
    let needs_recent = match row.map_or(Recent, |(_, proof)| *proof) {
        Session => false,
        Recent => true,
        Typed => {
            let user = identity.account.id;
            !identity::has_password(&app.store, &app.config.oidc, user).await?
        }
    };
    match &identity.credential {
        _ if !needs_recent => Ok(true),
        Credential::Session(token) => {
            Ok(identity::is_confirmed(&app.store, app.clock.now(), token).await?)
        }
        Credential::Key(_) | Credential::Token(_) => Ok(false),
    }
}

/// Plain forms lead to the page that asks; others get 403 (forbidden).
fn ask(request: &Parts) -> Response {
    let text = |name: HeaderName| {
        let value = request.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let page = confirmation_page(text(header::REFERER));
    if text(header::ACCEPT).contains("text/html") {
        return Redirect::to(&page).into_response();
    }
    let sentence = format!("Please confirm at {page} that it is you, then try again.");
    (StatusCode::FORBIDDEN, Json(ApiError::Refused(sentence))).into_response()
}
