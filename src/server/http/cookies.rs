//! Holly's cookies. Routes and middleware use them with `CookieJar`, server functions with
//! `server_fn_context`.

use crate::{
    domain::{Detail, Theme},
    server::identity::SESSION_LIFE,
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use std::{borrow::Cow, time::Duration};

/// One of Holly's cookies. It is `HttpOnly`, and `Secure` if the public URL is https.
#[derive(Debug, Clone, Copy)]
pub struct HollyCookie {
    name: &'static str,
    path: &'static str,
    same_site: SameSite,
    max_age: Duration,
    /// Whether it has the `__Host-` prefix, which keeps other hosts of the domain from setting it.
    /// Browsers support the prefix on https only.
    host_only: bool,
}

/// The token of a browser's session.
pub const SESSION: HollyCookie = HollyCookie {
    name: "holly_session",
    path: "/",
    same_site: SameSite::Lax,
    max_age: SESSION_LIFE,
    host_only: false,
};

/// State of a sign-in at the provider. Lax, because the provider's site redirects back.
pub const SIGN_IN: HollyCookie = HollyCookie {
    name: "holly_sign_in",
    max_age: Duration::from_secs(900),
    host_only: true,
    ..SESSION
};

/// A browser that signed in with a password; sign-ins that others try do not slow it down.
pub const KNOWN_BROWSER: HollyCookie = HollyCookie {
    name: "holly_known_browser",
    max_age: Duration::from_secs(365 * 86_400),
    same_site: SameSite::Strict,
    ..SIGN_IN
};

/// The hash of a form's error, which the next page shows.
pub const FORM_ERROR: HollyCookie = HollyCookie {
    name: "holly_form_error",
    max_age: Duration::from_secs(60),
    same_site: SameSite::Strict,
    ..SIGN_IN
};

/// The secret of an invitation whose link was opened.
pub const INVITATION: HollyCookie = HollyCookie {
    name: "holly_invitation",
    max_age: Duration::from_secs(3_600),
    ..SIGN_IN
};

/// Level of detail of the work log.
pub const DETAIL: HollyCookie = HollyCookie {
    name: "detail",
    max_age: Duration::from_secs(365 * 86_400),
    ..SESSION
};

/// A new API key, which the settings page shows once.
pub const FRESH_KEY: HollyCookie = HollyCookie {
    name: "holly_fresh_key",
    path: "/settings",
    same_site: SameSite::Strict,
    max_age: Duration::from_secs(60),
    host_only: false,
};

/// The secret of a new invitation, which the people page shows once.
pub const FRESH_INVITATION: HollyCookie = HollyCookie {
    name: "holly_fresh_invitation",
    path: "/settings/people",
    ..FRESH_KEY
};

impl HollyCookie {
    /// Name of the cookie.
    pub fn name(self, https: bool) -> Cow<'static, str> {
        if self.host_only && https {
            format!("__Host-{}", self.name).into()
        } else {
            self.name.into()
        }
    }

    /// Value in a request.
    pub fn read(self, https: bool, jar: &CookieJar) -> Option<&str> {
        jar.get(&self.name(https)).map(Cookie::value)
    }

    /// The cookie with this value. Values are words, hexadecimal or base64url and need no escaping.
    pub fn set(self, https: bool, value: impl Into<Cow<'static, str>>) -> Cookie<'static> {
        self.build(https, value, self.max_age)
    }

    /// The cookie that deletes this one in the browser.
    pub fn clear(self, https: bool) -> Cookie<'static> {
        self.build(https, "", Duration::ZERO)
    }

    fn build(
        self,
        https: bool,
        value: impl Into<Cow<'static, str>>,
        max_age: Duration,
    ) -> Cookie<'static> {
        Cookie::build((self.name(https), value))
            .path(self.path)
            .http_only(true)
            .same_site(self.same_site)
            .max_age(max_age.try_into().unwrap_or_default())
            .secure(https)
            .build()
    }
}

/// The theme chosen in this browser.
pub fn theme(jar: &CookieJar) -> Option<Theme> {
    Theme::of(jar.get("theme")?.value())
}

/// The level of detail chosen in this browser.
pub fn detail(jar: &CookieJar) -> Option<Detail> {
    Detail::of(jar.get(DETAIL.name)?.value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};

    #[test]
    fn cookies_by_table() {
        const AGES: [(HollyCookie, &str, &str, &str); 8] = [
            (SESSION, "holly_session", "Lax", "/; Max-Age=2592000"),
            (SIGN_IN, "holly_sign_in", "Lax", "/; Max-Age=900"),
            (
                KNOWN_BROWSER,
                "holly_known_browser",
                "Strict",
                "/; Max-Age=31536000",
            ),
            (FORM_ERROR, "holly_form_error", "Strict", "/; Max-Age=60"),
            (INVITATION, "holly_invitation", "Lax", "/; Max-Age=3600"),
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
            let prefix = if cookie.host_only { "__Host-" } else { "" };
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
    fn a_cookie_is_read_by_its_full_name() {
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
}
