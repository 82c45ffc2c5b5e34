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

/// Shows a new API key once: a cookie that only `/settings` gets, for a minute.
const FRESH_KEY: &str = "holly_fresh_key";

/// How cookies are set.
pub fn policy(app: &App) -> SessionPolicy {
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

/// Hands a new key to the next view of the settings.
pub fn show_key(app: &App, key: &str) {
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    append(&format!("{FRESH_KEY}={key}; Path=/settings; HttpOnly; SameSite=Strict; Max-Age=60{secure}"));
}

/// The key that was made just now, this once.
pub fn take_shown_key() -> Option<String> {
    let cookies = header_text(header::COOKIE);
    let key = named_cookie(&cookies, FRESH_KEY)?.to_owned();
    append(&format!("{FRESH_KEY}=; Path=/settings; HttpOnly; SameSite=Strict; Max-Age=0"));
    Some(key)
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
