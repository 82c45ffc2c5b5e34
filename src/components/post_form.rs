//! Sending a form with files while the page stays.

use leptos::prelude::window;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, Headers, RequestInit, Response};

/// Posts a form and returns the JSON it is answered with. Errors: why it was not taken, as a person reads it.
pub(super) async fn post_form(form: &FormData, address: &str) -> Result<Value, String> {
    let unreachable = |_: JsValue| "The server could not be reached. Please try again.".to_owned();
    let response = fetch(form, address).await.map_err(unreachable)?;
    let text = JsFuture::from(response.text().map_err(unreachable)?).await.map_err(unreachable)?;
    let answer: Value = serde_json::from_str(&text.as_string().unwrap_or_default()).unwrap_or_default();
    if response.ok() {
        return Ok(answer);
    }
    let why = answer.get("detail").and_then(Value::as_str).unwrap_or("the server could not take it");
    let mut letters = why.chars();
    Err(letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default())
}

async fn fetch(form: &FormData, address: &str) -> Result<Response, JsValue> {
    let (init, headers) = (RequestInit::new(), Headers::new()?);
    headers.set("Accept", "application/json")?;
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(form);
    JsFuture::from(window().fetch_with_str_and_init(address, &init)).await?.dyn_into()
}
