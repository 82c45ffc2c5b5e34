//! The cookies that server functions set and clear.

use super::{
    asker,
    auth::{SessionPolicy, begin_session, clear_cookie, set_cookie},
    listener::Peer,
    state::App,
    store,
};
use crate::ids::UserId;
use axum::{
    extract::ConnectInfo,
    http::{HeaderValue, header},
};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

/// A secret that is shown once: a cookie that only its page gets, for a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// A new API key, on `/settings`.
    Key,
    /// The secret of a new invitation, on `/settings/people`.
    Invitation,
}

impl Once {
    const fn name_and_path(self) -> (&'static str, &'static str) {
        match self {
            Self::Key => ("holly_fresh_key", "/settings"),
            Self::Invitation => ("holly_fresh_invitation", "/settings/people"),
        }
    }
}

fn policy(app: &App) -> SessionPolicy {
    SessionPolicy { secure: app.config.is_https() }
}

fn append(cookie: &str) {
    let value = HeaderValue::from_str(cookie).expect("cookies are plain text");
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
}

fn header_text(name: header::HeaderName) -> String {
    let request = asker::request();
    request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Begins a session for the browser that asks.
pub async fn sign_in(app: &App, user: UserId) -> store::Result<()> {
    let token = begin_session(&app.store, app.clock.now(), user, &header_text(header::USER_AGENT)).await?;
    append(&set_cookie(policy(app), &token));
    Ok(())
}

/// Makes the browser that asks forget its session.
pub fn sign_out(app: &App) {
    append(&clear_cookie(policy(app)));
}

/// Hands a secret to the next view of its page.
pub fn show(app: &App, once: Once, secret: &str) {
    let (name, path) = once.name_and_path();
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    append(&format!("{name}={secret}; Path={path}; HttpOnly; SameSite=Strict; Max-Age=60{secure}"));
}

/// The secret that was made just now, this once.
pub fn take_shown(once: Once) -> Option<String> {
    let (name, path) = once.name_and_path();
    let cookies = header_text(header::COOKIE);
    let secret = cookies.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(found, _)| *found == name)?.1.to_owned();
    append(&format!("{name}=; Path={path}; HttpOnly; SameSite=Strict; Max-Age=0"));
    Some(secret)
}

/// The link of an invitation. Without `HOLLY_PUBLIC_URL` it leads where the admin who asks has come to.
pub fn join_link(app: &App, secret: &str) -> String {
    let here = || format!("http://{}", header_text(header::HOST));
    format!("{}/join?secret={secret}", app.config.public_url.clone().unwrap_or_else(here))
}

/// The network address that asks, behind the proxies that are trusted.
pub fn peer() -> String {
    let (app, request) = (asker::app(), asker::request());
    let connection = request.extensions.get::<ConnectInfo<Peer>>();
    connection.map_or_else(|| "unknown".to_owned(), |peer| app.config.proxies.asker(peer.0.0.ip(), &request.headers).to_string())
}

/// Where to go after signing in: a path of this site, never another one.
pub fn own_path(next: Option<String>) -> String {
    let own = |path: &String| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.is_ascii();
    next.filter(own).unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn one_never_lands_on_another_site() {
        assert_eq!(own_path(Some("/c/1?x=y".into())), "/c/1?x=y");
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", ""] {
            assert_eq!(own_path(Some(next.into())), "/", "{next}");
        }
    }
}
