//! The routes of the program: plain ones from the router's source, server functions from their
//! registry, pages from the page table, each as `method address`.

use crate::{app::shell, server::state::App};
use leptos::prelude::provide_context;

const ROUTER: &str = include_str!("../../../server/http/router.rs");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Public static files, served without a handler of their own.
const STATIC: [&str; 6] = [
    ".route(&style::CHAT.address",
    ".route(&style::PAGES.address",
    ".route_service(\"/pkg/{*path}\"",
    ".route_service(\"/samples/{*path}\"",
    ".route_service(\"/icons.svg\"",
    ".route_service(\"/favicon.svg\"",
];

/// Plain routes. Panics on calls that add routes in a way not understood here.
pub(super) fn plain() -> Vec<String> {
    let mut source = ROUTER.to_owned();
    for known in STATIC {
        assert!(source.contains(known), "{known}");
        source = source.replacen(known, "", 1);
    }
    for unknown in [
        ".route_service(",
        ".nest_service(",
        ".nest(",
        ".fallback_service(",
        "any(",
    ] {
        assert!(
            !source.contains(unknown),
            "{unknown} adds routes that this test does not know"
        );
    }
    for merged in source.split(".merge(").skip(1) {
        let function = merged.split('(').next().unwrap_or_default();
        assert!(
            ["(", "<"]
                .iter()
                .any(|next| source.contains(&format!("\nfn {function}{next}"))),
            "{function} adds routes from elsewhere"
        );
    }
    source
        .split(".route(")
        .skip(1)
        .flat_map(route)
        .filter(|route| !route.contains("/fn/"))
        .collect()
}

fn route(text: &str) -> Vec<String> {
    let (address, rest) = text
        .trim_start()
        .strip_prefix('"')
        .and_then(|text| text.split_once('"'))
        .expect("the address is the first argument");
    let mut depth = 1;
    let end = rest.char_indices().find(|(_, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    let handlers = &rest[..end.expect("the call is closed").0];
    let found: Vec<_> = METHODS
        .into_iter()
        .filter(|method| called(handlers, method))
        .map(|method| format!("{method} {address}"))
        .collect();
    assert!(!found.is_empty(), "{address} has no method");
    found
}

/// Whether `name(` is called as a whole word.
fn called(text: &str, name: &str) -> bool {
    let call = format!("{name}(");
    text.match_indices(&call)
        .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Server functions; `handle_server_fns` serves exactly these.
pub(super) fn functions() -> Vec<String> {
    leptos::server_fn::axum::server_fn_paths()
        .map(|(path, method)| format!("{} {path}", method.as_str().to_lowercase()))
        .collect()
}

/// Pages.
pub(super) fn pages(app: &App) -> Vec<String> {
    let app = app.clone();
    let context = move || provide_context(app.clone());
    let (pages, _) =
        leptos_axum::generate_route_list_with_exclusions_and_ssg_and_context(shell, None, context);
    pages
        .iter()
        .map(|page| format!("get {}", page.path()))
        .collect()
}
