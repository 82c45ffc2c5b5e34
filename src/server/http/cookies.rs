//! Holly's cookies. Routes and middleware read and set them with `CookieJar`; server functions,
//! whose answer they do not make themselves, by the functions here.

use super::server_fn_context;
use crate::{
    domain::ids::UserId,
    server::{
        identity::{SESSION_LIFE, begin_session},
        serve::listener::Peer,
        state::App,
        store,
    },
};
use axum::{
    extract::ConnectInfo,
    http::{HeaderValue, header},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use std::{borrow::Cow, time::Duration};

/// One of Holly's cookies. Scripts cannot read it; it is `Secure` where the public address is
/// https.
#[derive(Debug, Clone, Copy)]
pub struct HollyCookie {
    name: &'static str,
    path: &'static str,
    same_site: SameSite,
    life: Duration,
    /// Whether other hosts of the same domain are kept from setting it, which browsers do on https
    /// only.
    host_only: bool,
}

/// The token of a browser's session.
pub const SESSION: HollyCookie = HollyCookie {
    name: "holly_session",
    path: "/",
    same_site: SameSite::Lax,
    life: SESSION_LIFE,
    host_only: false,
};

/// A sign-in that is under way at the provider. Lax, because the browser comes back from another
/// site.
pub const SIGN_IN: HollyCookie = HollyCookie {
    name: "holly_sign_in",
    life: Duration::from_secs(900),
    host_only: true,
    ..SESSION
};

/// How much of the work the reader sees.
pub const DETAIL: HollyCookie = HollyCookie {
    name: "detail",
    life: Duration::from_secs(365 * 86_400),
    ..SESSION
};

/// A new API key, which its page shows once.
pub const FRESH_KEY: HollyCookie = HollyCookie {
    name: "holly_fresh_key",
    path: "/settings",
    same_site: SameSite::Strict,
    life: Duration::from_secs(60),
    host_only: false,
};

/// The secret of a new invitation, which its page shows once.
pub const FRESH_INVITATION: HollyCookie = HollyCookie {
    name: "holly_fresh_invitation",
    path: "/settings/people",
    ..FRESH_KEY
};

impl HollyCookie {
    /// Its name in a browser.
    pub fn name(self, https: bool) -> Cow<'static, str> {
        if self.host_only && https {
            format!("__Host-{}", self.name).into()
        } else {
            self.name.into()
        }
    }

    /// Its value in a request.
    pub fn read(self, https: bool, jar: &CookieJar) -> Option<&str> {
        jar.get(&self.name(https)).map(Cookie::value)
    }

    /// The cookie with this value. Values are plain words, hexadecimal or base64url: nothing that
    /// is escaped.
    pub fn set(self, https: bool, value: impl Into<Cow<'static, str>>) -> Cookie<'static> {
        self.living(https, value, self.life)
    }

    /// The cookie that makes a browser forget this one.
    pub fn clear(self, https: bool) -> Cookie<'static> {
        self.living(https, "", Duration::ZERO)
    }

    fn living(
        self,
        https: bool,
        value: impl Into<Cow<'static, str>>,
        life: Duration,
    ) -> Cookie<'static> {
        Cookie::build((self.name(https), value))
            .path(self.path)
            .http_only(true)
            .same_site(self.same_site)
            .max_age(life.try_into().unwrap_or_default())
            .secure(https)
            .build()
    }
}

fn append(cookie: &Cookie<'_>) {
    let value = HeaderValue::from_str(&cookie.to_string()).expect("cookies are plain text");
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
}

fn header_text(name: header::HeaderName) -> String {
    let request = server_fn_context::request();
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
    append(&SESSION.set(app.config.is_https(), token));
    Ok(())
}

/// Makes the browser that asks forget its session.
pub fn sign_out(app: &App) {
    append(&SESSION.clear(app.config.is_https()));
}

/// Sets a cookie in the browser that asks.
pub fn set(app: &App, cookie: HollyCookie, value: &str) {
    append(&cookie.set(app.config.is_https(), value.to_owned()));
}

/// Takes a cookie's value from the browser that asks, once.
pub fn take(cookie: HollyCookie) -> Option<String> {
    let https = server_fn_context::app().config.is_https();
    let jar = CookieJar::from_headers(&server_fn_context::request().headers);
    let value = cookie.read(https, &jar)?.to_owned();
    append(&cookie.clear(https));
    Some(value)
}

/// The link of an invitation. Without `HOLLY_PUBLIC_URL` it leads where the admin who asks has come
/// to.
pub fn join_link(app: &App, secret: &str) -> String {
    let here = || format!("http://{}", header_text(header::HOST));
    format!(
        "{}/join?secret={secret}",
        app.config.public_url.clone().unwrap_or_else(here)
    )
}

/// The network address that asks, behind the proxies that are trusted.
pub fn peer() -> String {
    let (app, request) = (server_fn_context::app(), server_fn_context::request());
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

/// The page from which a form was posted, with a parameter set in its address, and without why an
/// earlier form was refused.
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
    use super::*;

    #[test]
    fn cookies_by_table() {
        const AGES: [(HollyCookie, &str, &str, &str); 5] = [
            (SESSION, "holly_session", "Lax", "/; Max-Age=2592000"),
            (SIGN_IN, "holly_sign_in", "Lax", "/; Max-Age=900"),
            (DETAIL, "detail", "Lax", "/; Max-Age=31536000"),
            (
                FRESH_KEY,
                "holly_fresh_key",
                "Strict",
                "/settings; Max-Age=60",
            ),
            (
                FRESH_INVITATION,
                "holly_fresh_invitation",
                "Strict",
                "/settings/people; Max-Age=60",
            ),
        ];
        for (cookie, name, site, path_and_age) in AGES {
            let path = path_and_age.split(';').next().unwrap();
            let prefix = if name == "holly_sign_in" {
                "__Host-"
            } else {
                ""
            };
            for (https, name, secure) in [
                (false, name.to_owned(), ""),
                (true, format!("{prefix}{name}"), "; Secure"),
            ] {
                let flags = format!("HttpOnly; SameSite={site}{secure}; Path=");
                assert_eq!(
                    cookie.set(https, "a1.-_").to_string(),
                    format!("{name}=a1.-_; {flags}{path_and_age}")
                );
                assert_eq!(
                    cookie.clear(https).to_string(),
                    format!("{name}=; {flags}{path}; Max-Age=0")
                );
            }
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_and_by_its_whole_name() {
        let jar = |cookies: &[&'static str]| {
            let headers = cookies
                .iter()
                .map(|cookie| (header::COOKIE, HeaderValue::from_static(cookie)));
            CookieJar::from_headers(&headers.collect())
        };
        for (cookies, session) in [
            (&["theme=dark; holly_session=abc; x=y"][..], Some("abc")),
            (&["theme=dark", "holly_session=abc"], Some("abc")),
            (&["xholly_session=abc"], None),
            (&["holly_session"], None),
            (&[], None),
        ] {
            assert_eq!(SESSION.read(true, &jar(cookies)), session, "{cookies:?}");
        }
        let planted = jar(&["holly_sign_in=abc"]);
        assert_eq!(SIGN_IN.read(true, &planted), None);
        assert_eq!(SIGN_IN.read(false, &planted), Some("abc"));
    }

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
