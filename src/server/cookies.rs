//! The cookies that server functions set and clear.

use super::{
    asker,
    auth::{SessionPolicy, begin_session, clear_cookie, named_cookie, set_cookie},
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

/// How cookies are set.
pub fn policy(app: &App) -> SessionPolicy {
    SessionPolicy {
        secure: app.config.is_https(),
    }
}

fn append(cookie: &str) {
    let value = HeaderValue::from_str(cookie).expect("cookies are plain text");
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
}

fn header_text(name: header::HeaderName) -> String {
    let request = asker::request();
    request
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Begins a session for the browser that asks.
pub async fn sign_in(app: &App, user: UserId) -> store::Result<()> {
    let token = begin_session(
        &app.store,
        app.clock.now(),
        user,
        &header_text(header::USER_AGENT),
    )
    .await?;
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
    let secure = if app.config.is_https() {
        "; Secure"
    } else {
        ""
    };
    append(&format!(
        "{name}={secret}; Path={path}; HttpOnly; SameSite=Strict; Max-Age=60{secure}"
    ));
}

/// The secret that was made just now, this once.
pub fn take_shown(once: Once) -> Option<String> {
    let (name, path) = once.name_and_path();
    let cookies = header_text(header::COOKIE);
    let secret = named_cookie(&cookies, name)?.to_owned();
    append(&format!(
        "{name}=; Path={path}; HttpOnly; SameSite=Strict; Max-Age=0"
    ));
    Some(secret)
}

/// The link of an invitation. Without `HOLLY_PUBLIC_URL` it leads where the admin who asks has come to.
pub fn join_link(app: &App, secret: &str) -> String {
    let here = || format!("http://{}", header_text(header::HOST));
    format!(
        "{}/join?secret={secret}",
        app.config.public_url.clone().unwrap_or_else(here)
    )
}

/// Remembers a choice of the person who asks, in their browser, for a year. `value` is a plain word.
pub fn choose(app: &App, name: &str, value: &str) {
    let secure = if app.config.is_https() {
        "; Secure"
    } else {
        ""
    };
    append(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}"
    ));
}

/// The network address that asks, behind the proxies that are trusted.
pub fn peer() -> String {
    let (app, request) = (asker::app(), asker::request());
    let connection = request.extensions.get::<ConnectInfo<Peer>>();
    connection.map_or_else(
        || "unknown".to_owned(),
        |peer| {
            app.config
                .proxies
                .asker(peer.0.0.ip(), &request.headers)
                .to_string()
        },
    )
}

/// Where to go after signing in: a path of this site, never another one.
pub fn own_path(next: Option<String>) -> String {
    let own = |path: &String| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.is_ascii()
    };
    next.filter(own).unwrap_or_else(|| "/".to_owned())
}

/// The page from which a form was posted, with a parameter set in its address, and without why an earlier form was refused.
pub fn back_with(name: &str, value: &str) -> String {
    with_parameter(&header_text(header::REFERER), name, value)
}

fn with_parameter(page: &str, name: &str, value: &str) -> String {
    let after_host = page
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    let page =
        own_path(after_host.map(|path| path.split('#').next().unwrap_or_default().to_owned()));
    let (path, query) = page.split_once('?').unwrap_or((&page, ""));
    let goes = |named: &str| named == name || matches!(named, "__err" | "__path");
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.split('=').next().is_some_and(goes));
    let query: Vec<_> = others
        .map(str::to_owned)
        .chain([format!("{name}={value}")])
        .collect();
    format!("{path}?{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::{own_path, with_parameter};

    #[test]
    fn one_comes_back_to_the_page_with_what_it_asked_for() {
        for (page, back) in [
            (
                "http://h.example/history?q=oil&deleted=1",
                "/history?q=oil&deleted=2",
            ),
            ("http://h.example:3000/c/1#entry-2", "/c/1?deleted=2"),
            (
                "http://h.example/c/1?__path=%2Ffn&__err=x",
                "/c/1?deleted=2",
            ),
            ("http://h.example//evil.example/", "/?deleted=2"),
            ("", "/?deleted=2"),
        ] {
            assert_eq!(with_parameter(page, "deleted", "2"), back, "{page}");
        }
    }

    #[test]
    fn one_never_lands_on_another_site() {
        assert_eq!(own_path(Some("/c/1?x=y".into())), "/c/1?x=y");
        for next in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(own_path(Some(next.into())), "/", "{next}");
        }
    }
}
