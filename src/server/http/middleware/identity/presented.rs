//! Reads the credential of a request without checking it: where each kind is sent, and which takes
//! precedence.

use crate::server::{
    http::{cookies::SESSION, extract::Credential},
    state::App,
};
use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;

/// The cookie in which Clerk stores its token on the site that uses it.
const CLERK_COOKIE: &str = "__session";

/// The credential that a request presents.
pub(super) enum PresentedCredential {
    /// A session or key of Holly's own.
    Credential(Credential),
    /// A token that looks like one of the provider.
    Token(String),
}

impl PresentedCredential {
    /// A bearer token takes precedence over a cookie, and Holly's cookie over Clerk's. Clerk's is
    /// read only if authorized parties are configured, because another host of the domain may set
    /// it. `same_origin` keeps other sites from using it, as with any cookie.
    pub(super) fn read(headers: &HeaderMap, app: &App) -> Option<Self> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.split_once(' '));
        if let Some((_, bearer)) =
            bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        {
            let bearer = bearer.trim().to_owned();
            let is_jwt = app.provider.is_some() && bearer.starts_with("eyJ");
            return Some(if is_jwt {
                Self::Token(bearer)
            } else {
                Self::Credential(Credential::Key(bearer))
            });
        }
        let jar = CookieJar::from_headers(headers);
        let clerk = || {
            app.provider
                .as_ref()
                .filter(|provider| !provider.config.parties.is_empty())?;
            jar.get(CLERK_COOKIE)
                .map(|token| Self::Token(token.value().to_owned()))
        };
        let session = SESSION
            .read(app.config.is_https(), &jar)
            .map(|token| Self::Credential(Credential::Session(token.to_owned())));
        session.or_else(clerk)
    }
}
