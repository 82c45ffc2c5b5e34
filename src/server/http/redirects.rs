//! Redirect targets made from input, never on another site: every `Location` that a request has a
//! say in passes [`local_path`] or [`page_path`].

use crate::domain::percent_encoded;
use reqwest::Url;

/// Longest target; longer ones become `/`.
const TARGET_MAX_BYTES: usize = 8_192;

/// Any origin: targets are resolved against it as a browser resolves them against Holly's.
const BASE_URL: &str = "http://holly.invalid/";

/// `target` as a path of this site, with query and fragment, if it is one; else `/`. It is always
/// valid in a header.
pub fn local_path(target: &str) -> String {
    checked(target).unwrap_or_else(|| "/".to_owned())
}

/// The path to redirect to after sign-in: `next` if it is a path of this site, else `/`.
pub fn safe_redirect_path(next: Option<String>) -> String {
    local_path(&next.unwrap_or_default())
}

/// The path of a page at an absolute URL, as in `Referer`, on this site; also of a path.
pub fn page_path(page: &str) -> String {
    match Url::parse(page) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => local_path(&path_and_more(&url)),
        _ => local_path(page),
    }
}

/// The path of `page` with a query parameter set, and without the error of an earlier form.
pub fn with_parameter(page: &str, name: &str, value: &str) -> String {
    let page = page_path(page);
    let page = page.split('#').next().unwrap_or_default();
    with_query(page, Some((name, value)))
}

/// The value of a query parameter of a path of this site.
pub fn parameter(path: &str, name: &str) -> Option<String> {
    let url = Url::parse(BASE_URL).ok()?.join(path).ok()?;
    url.query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// The sign-in page that leads back to `page` of this site, without the error of an earlier form.
pub fn sign_in_page(page: &str) -> String {
    let next = with_query(&local_path(page), None);
    if next == "/" {
        "/sign-in".to_owned()
    } else {
        format!("/sign-in?next={}", percent_encoded(&next))
    }
}

/// The page that asks who the user is and leads back to `page` of this site.
pub fn confirmation_page(page: &str) -> String {
    let next = with_query(&page_path(page), None);
    format!("/confirm?next={}", percent_encoded(&next))
}

/// `page` with one parameter set, and without those of a form's error.
fn with_query(page: &str, set: Option<(&str, &str)>) -> String {
    let (path, query) = page.split_once('?').unwrap_or((page, ""));
    let is_dropped =
        |key: &str| matches!(key, "__err" | "__path") || set.is_some_and(|(name, _)| key == name);
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.split('=').next().is_some_and(is_dropped));
    let added = set.map(|(name, value)| format!("{name}={value}"));
    let query: Vec<_> = others.map(str::to_owned).chain(added).collect();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

/// The target as a browser resolves it, unless that is elsewhere or could be read as elsewhere.
fn checked(target: &str) -> Option<String> {
    let is_path = target.starts_with('/') && !target.starts_with("//");
    let is_plain = !target.contains('\\') && !target.chars().any(char::is_control);
    if target.len() > TARGET_MAX_BYTES || !is_path || !is_plain {
        return None;
    }
    let base = Url::parse(BASE_URL).ok()?;
    let url = base.join(target).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let path = path_and_more(&url);
    // `/..//host` resolves to a path that begins like a host
    let is_here = url.origin() == base.origin() && !has_user && !path.starts_with("//");
    let fits = path.len() <= TARGET_MAX_BYTES && !hides_separators(url.path());
    (is_here && fits).then_some(path)
}

/// Whether a path has an encoded slash, backslash or control character, which no page of Holly has
/// and a proxy may decode.
fn hides_separators(path: &str) -> bool {
    path.split('%').skip(1).any(|rest| {
        let byte = rest
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        byte.is_some_and(|byte| matches!(byte, b'/' | b'\\') || byte.is_ascii_control())
    })
}

/// Path, query and fragment.
fn path_and_more(url: &Url) -> String {
    let part = |sign: &str, part: Option<&str>| {
        part.map(|part| format!("{sign}{part}")).unwrap_or_default()
    };
    format!(
        "{}{}{}",
        url.path(),
        part("?", url.query()),
        part("#", url.fragment())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_redirect_returns_to_the_page_with_its_query() {
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
    fn redirects_stay_on_this_site() {
        for (next, target) in [
            ("/c/1?x=y", "/c/1?x=y"),
            ("/c/1?around=2#entry-2", "/c/1?around=2#entry-2"),
            (
                "/history?q=a%2Fb%0A&status=error",
                "/history?q=a%2Fb%0A&status=error",
            ),
            ("/history?q=\u{e5}", "/history?q=%C3%A5"),
            (
                "/history?back=https://evil.example",
                "/history?back=https://evil.example",
            ),
            ("/c/../settings", "/settings"),
            ("/@evil.example", "/@evil.example"),
            ("", "/"),
            ("history", "/"),
            ("//evil.example", "/"),
            ("///evil.example", "/"),
            ("//holly.invalid/", "/"),
            ("//user@holly.invalid/", "/"),
            ("https://evil.example", "/"),
            ("https:evil.example", "/"),
            ("http://holly.invalid/c/1", "/"),
            ("javascript:alert(1)", "/"),
            (" //evil.example", "/"),
            ("\u{1}//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("\\\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\n/evil.example", "/"),
            ("/\r\nSet-Cookie: a=b", "/"),
            ("/\0", "/"),
            ("/\u{85}/evil.example", "/"),
            ("/..//evil.example", "/"),
            ("/.//evil.example", "/"),
            ("/%2e%2e//evil.example", "/"),
            ("/c/..//evil.example", "/"),
            ("/%09/evil.example", "/"),
            ("/%0a", "/"),
            ("/%2F/evil.example", "/"),
            ("/%5cevil.example", "/"),
        ] {
            assert_eq!(safe_redirect_path(Some(next.into())), target, "{next:?}");
        }
        assert_eq!(safe_redirect_path(None), "/");
        assert_eq!(
            local_path(&format!("/{}", "a".repeat(TARGET_MAX_BYTES))),
            "/"
        );
    }

    #[test]
    fn the_sign_in_page_leads_back() {
        for (page, sign_in) in [
            ("/", "/sign-in"),
            ("/?__path=%2Ffn&__err=x", "/sign-in"),
            ("/c/1", "/sign-in?next=/c/1"),
            (
                "/history?q=a+b&__err=x",
                "/sign-in?next=/history%3Fq%3Da%2Bb",
            ),
            ("//evil.example", "/sign-in"),
        ] {
            assert_eq!(sign_in_page(page), sign_in, "{page}");
        }
    }

    /// Texts made of what redirects are attacked with, and any others.
    fn any_target() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[/\\\\.%?#@:&=\t\r\n\0 ]",
            prop::sample::select(vec![
                "//",
                "..",
                "%2e",
                "%2F",
                "%5c",
                "%09",
                "%0a",
                "http:",
                "evil.example",
                "\u{ad}",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        let slash = prop_oneof![Just("/"), Just("")];
        (slash, prop::collection::vec(part, 0..12))
            .prop_map(|(slash, parts)| format!("{slash}{}", parts.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_text_leads_to_another_site(target in any_target()) {
            let here = Url::parse("https://holly.example.org:8443/sign-in?next=x").unwrap();
            let made = [
                local_path(&target),
                page_path(&target),
                page_path(&format!("http://h.example{target}")),
                with_parameter(&target, "deleted", "1"),
                sign_in_page(&target),
            ];
            for path in made {
                prop_assert!(path.starts_with('/') && !path.starts_with("//"), "{path:?}");
                prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path:?}");
                prop_assert_eq!(here.join(&path).unwrap().origin(), here.origin());
                prop_assert_eq!(local_path(&path), path);
            }
        }
    }
}
