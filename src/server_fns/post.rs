//! How an island asks: a form's fields go to a server function, its answer or its error comes back.
//! The generated clients of server functions weigh a third of the browser's program; this is the
//! little of them that is needed.

use crate::domain::{error::ApiError, json};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, Headers, RequestInit, Response, UrlSearchParams};

/// Posts fields to `path`. Gives the JSON of the answer, null for nothing.
/// Errors: what the server refused, or [`ApiError::Unreachable`].
pub async fn post(path: &str, fields: &FormData) -> Result<Value, ApiError> {
    let body = UrlSearchParams::new_with_str_sequence_sequence(fields)
        .map_err(|_| ApiError::Unreachable)?;
    send(path, &body, ApiError::read).await
}

/// Posts fields and files to a route of the API (`multipart/form-data`). Gives the JSON of the
/// answer. Errors: the detail of the problem that was answered, or [`ApiError::Unreachable`].
pub async fn post_files(path: &str, fields: &FormData) -> Result<Value, ApiError> {
    send(path, fields, ApiError::from_problem).await
}

async fn send(
    path: &str,
    body: &JsValue,
    refusal: fn(&Value) -> Option<ApiError>,
) -> Result<Value, ApiError> {
    let (ok, text) = exchange(path, body)
        .await
        .map_err(|_| ApiError::Unreachable)?;
    let value = json::parse(&text).unwrap_or_default();
    if ok {
        Ok(value)
    } else {
        Err(refusal(&value).unwrap_or(ApiError::Unreachable))
    }
}

async fn exchange(path: &str, body: &JsValue) -> Result<(bool, String), JsValue> {
    let (init, headers) = (RequestInit::new(), Headers::new()?);
    headers.set("accept", "application/json")?;
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(body);
    let answer =
        JsFuture::from(leptos::prelude::window().fetch_with_str_and_init(path, &init)).await?;
    let response: Response = answer.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), text.as_string().unwrap_or_default()))
}
