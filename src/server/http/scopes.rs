//! Which scope opens which route: one row per route of the HTTP API, checked before its handler.
//! What is not in the table is closed to API keys.

use super::{
    extract::{Credential, Identity},
    problem::Problem,
};
use crate::domain::Scope;
use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Who may use a route, of those who are signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteRule {
    /// Everyone; also without signing in, unless the handler asks for more.
    Open,
    /// Who has at least one of these scopes. Where there are several, the handler leaves out or
    /// refuses what belongs to a scope that the caller lacks.
    Scopes(&'static [Scope]),
    /// Sessions only.
    Session,
}

use RouteRule::{Open, Scopes, Session};
use Scope::{Admin, Approve, Chat, LogRead, LogWrite};

/// Method, address and rule of every route but pages and static files.
pub const ROUTES: &[(&str, &str, RouteRule)] = &[
    ("POST", "/api/work-log/create", Scopes(&[LogWrite])),
    ("GET", "/api/work-log/list", Scopes(&[LogRead, Chat])),
    ("GET", "/api/work-log/stream", Scopes(&[LogRead, Chat])),
    ("GET", "/api/work-log/export", Scopes(&[LogRead, Chat])),
    ("GET", "/api/work-log/stats", Scopes(&[Admin])),
    ("GET", "/api/audit", Scopes(&[Admin])),
    // a scheduler with `CRON_SECRET` is not signed in
    ("GET", "/api/work-log/cleanup", Scopes(&[Admin])),
    ("POST", "/api/work-log/cleanup", Scopes(&[Admin])),
    ("GET", "/api/work-log/{id}", Scopes(&[LogRead])),
    ("PATCH", "/api/work-log/{id}", Scopes(&[LogWrite, Chat])),
    ("DELETE", "/api/work-log/{id}", Scopes(&[LogWrite, Chat])),
    ("GET", "/api/conversations", Scopes(&[Chat])),
    ("POST", "/api/conversations", Scopes(&[Chat])),
    ("GET", "/api/conversations/{id}", Scopes(&[Chat])),
    ("PATCH", "/api/conversations/{id}", Scopes(&[Chat])),
    ("DELETE", "/api/conversations/{id}", Scopes(&[Chat])),
    ("POST", "/api/conversations/{id}/messages", Scopes(&[Chat])),
    ("POST", "/messages", Scopes(&[Chat])),
    (
        "POST",
        "/api/conversations/{id}/regenerate",
        Scopes(&[Chat]),
    ),
    ("POST", "/api/conversations/{id}/stop", Scopes(&[Chat])),
    (
        "POST",
        "/api/conversations/{id}/approvals/{entry}",
        Scopes(&[Approve]),
    ),
    ("GET", "/files/{id}", Scopes(&[LogRead, Chat])),
    ("GET", "/api/{*rest}", Open),
    ("POST", "/api/{*rest}", Open),
    ("PATCH", "/api/{*rest}", Open),
    ("DELETE", "/api/{*rest}", Open),
    ("GET", "/fn/{*path}", Session),
    ("POST", "/fn/{*path}", Session),
    ("GET", "/join", Open),
    ("GET", "/sign-in/oidc", Open),
    ("GET", "/sign-in/oidc/callback", Open),
    ("GET", "/sign-in/oidc/out", Open),
    ("GET", "/healthz", Open),
    ("GET", "/readyz", Open),
    ("GET", "/openapi.json", Open),
    // a monitoring system with `HOLLY_METRICS_TOKEN` is not signed in
    ("GET", "/metrics", Scopes(&[Admin])),
];

/// Refuses callers whose credential does not open the route. Who is not signed in passes: handlers
/// answer them.
pub async fn layer(request: Request, next: Next) -> Response {
    match check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(request: &Request) -> Result<(), Problem> {
    let Some(identity) = request.extensions().get::<Identity>() else {
        return Ok(());
    };
    let Some(path) = request.extensions().get::<MatchedPath>() else {
        return check_page(identity);
    };
    match rule(request.method(), path.as_str()) {
        Some(Open) => Ok(()),
        Some(Scopes(scopes)) => check_scopes(identity, scopes),
        Some(Session) | None if identity.is_session() => Ok(()),
        Some(Session) | None => Err(Problem::sessions_only()),
    }
}

/// Pages are read with a session, or with the cookie of the sign-in provider.
fn check_page(identity: &Identity) -> Result<(), Problem> {
    if matches!(identity.credential, Credential::Key(_)) {
        return Err(Problem::sessions_only());
    }
    Ok(())
}

fn rule(method: &Method, path: &str) -> Option<RouteRule> {
    let method = if method == Method::HEAD {
        Method::GET.as_str()
    } else {
        method.as_str()
    };
    ROUTES
        .iter()
        .find(|(known, address, _)| *known == method && *address == path)
        .map(|(_, _, rule)| *rule)
}

fn check_scopes(identity: &Identity, scopes: &[Scope]) -> Result<(), Problem> {
    if let Some(first) = scopes.first()
        && !scopes.iter().any(|scope| identity.scopes.contains(*scope))
    {
        return identity.check_scope(*first);
    }
    if scopes == [Admin] && !identity.account.is_admin {
        return Err(Problem::admins_only());
    }
    Ok(())
}
