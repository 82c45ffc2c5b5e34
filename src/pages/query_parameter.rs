//! A parameter of the page's address as it was sent. `use_query_map` decodes values twice, which
//! breaks an address inside an address.

use axum::http::request::Parts;
use leptos::prelude::use_context;
use reqwest::Url;

/// The first value of a query parameter of this page.
pub fn query_parameter(name: &str) -> Option<String> {
    let request = use_context::<Parts>()?;
    let query = request.uri.query()?;
    let url = Url::parse(&format!("http://holly.invalid/?{query}")).ok()?;
    url.query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}
