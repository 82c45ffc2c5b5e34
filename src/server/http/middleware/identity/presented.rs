//! What a request shows, unchecked: where each kind of credential stands and which goes first.

use crate::server::{
    http::{cookies::SESSION, extract::Credential},
    state::App,
};
use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;

/// The cookie in which Clerk keeps a token of its own, on the site that it is used on.
const CLERK_COOKIE: &str = "__session";

/// What a request shows.
pub(super) enum PresentedCredential {
    /// Holly's own.
    Credential(Credential),
    /// What looks like a token of the sign-in provider.
    Token(String),
}

impl PresentedCredential {
    /// A bearer token goes before a cookie, and Holly's cookie before Clerk's. That one is looked
    /// at only where the parties are named whose tokens count: another host of the same domain may
    /// set it. Like any cookie it changes nothing for another site, which `same_origin` sees to.
    pub(super) fn of(headers: &HeaderMap, app: &App) -> Option<Self> {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.split_once(' '));
        if let Some((_, bearer)) =
            bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        {
            let bearer = bearer.trim().to_owned();
            let token = app.provider.is_some() && bearer.starts_with("eyJ");
            return Some(if token {
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
