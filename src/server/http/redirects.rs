//! Redirect targets, never on another site.

/// The path to redirect to after sign-in: `next` if it is a path of this site, else `/`.
pub fn safe_redirect_path(next: Option<String>) -> String {
    let is_local = |path: &String| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.is_ascii()
    };
    next.filter(is_local).unwrap_or_else(|| "/".to_owned())
}

/// The path of `page` with a query parameter set, and without the error of an earlier form.
pub fn with_parameter(page: &str, name: &str, value: &str) -> String {
    let after_host = page
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
    let page = safe_redirect_path(
        after_host.map(|path| path.split('#').next().unwrap_or_default().to_owned()),
    );
    let (path, query) = page.split_once('?').unwrap_or((&page, ""));
    let is_dropped = |key: &str| key == name || matches!(key, "__err" | "__path");
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.split('=').next().is_some_and(is_dropped));
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
        assert_eq!(safe_redirect_path(Some("/c/1?x=y".into())), "/c/1?x=y");
        for next in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(safe_redirect_path(Some(next.into())), "/", "{next}");
        }
    }
}
