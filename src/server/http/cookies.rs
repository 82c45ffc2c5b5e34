//! Holly's cookies. Routes and middleware read and set them with `CookieJar`, server functions with
//! `server_fn_context`.

use crate::{
    domain::{Detail, Theme},
    server::identity::SESSION_LIFE,
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
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

/// The theme that the reader has chosen in this browser.
pub fn theme(jar: &CookieJar) -> Option<Theme> {
    Theme::of(jar.get("theme")?.value())
}

/// The level of detail that the reader has chosen in this browser.
pub fn detail(jar: &CookieJar) -> Option<Detail> {
    Detail::of(jar.get(DETAIL.name)?.value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};

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
}
