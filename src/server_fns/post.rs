//! Posts forms from islands to server functions. The generated clients of server functions make up
//! a third of the WASM; this is the part of them that is needed.

use crate::domain::{error::ApiError, json};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, Headers, RequestInit, Response, UrlSearchParams};

/// Posts fields to `path` and returns the JSON of the response, null if it is empty. Errors: the
/// error of the server, or [`ApiError::Unreachable`].
pub async fn post(path: &str, fields: &FormData) -> Result<Value, ApiError> {
    let body = UrlSearchParams::new_with_str_sequence_sequence(fields)
        .map_err(|_| ApiError::Unreachable)?;
    send(path, &body, ApiError::read).await
}

/// Posts fields and files to a route of the API (`multipart/form-data`) and returns the JSON of the
/// response. Errors: the detail of the problem JSON, or [`ApiError::Unreachable`].
pub async fn post_files(path: &str, fields: &FormData) -> Result<Value, ApiError> {
    send(path, fields, ApiError::from_problem).await
}

async fn send(
    path: &str,
    body: &JsValue,
    parse_error: fn(&Value) -> Option<ApiError>,
) -> Result<Value, ApiError> {
    let (ok, text) = fetch(path, body).await.map_err(|_| ApiError::Unreachable)?;
    let value = json::parse(&text).unwrap_or_default();
    if ok {
        Ok(value)
    } else {
        Err(parse_error(&value).unwrap_or(ApiError::Unreachable))
    }
}

async fn fetch(path: &str, body: &JsValue) -> Result<(bool, String), JsValue> {
    let (init, headers) = (RequestInit::new(), Headers::new()?);
    headers.set("accept", "application/json")?;
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(body);
    let response =
        JsFuture::from(leptos::prelude::window().fetch_with_str_and_init(path, &init)).await?;
    let response: Response = response.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), text.as_string().unwrap_or_default()))
}
