//! Asking for rows with an ordinary request, where a stream does not work or something was missed.

use crate::domain::Cursor;
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// Rows in one answer.
const LIMIT: u32 = 200;

/// The status and body of the answer; 0 and nothing when there was none.
pub(super) async fn ask(after: Cursor) -> (u16, String) {
    fetch(&format!("/api/work-log/list?after={after}&limit={LIMIT}"))
        .await
        .unwrap_or_default()
}

async fn fetch(url: &str) -> Result<(u16, String), JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(url))
        .await?
        .dyn_into()?;
    let body = JsFuture::from(response.text()?).await?;
    Ok((response.status(), body.as_string().unwrap_or_default()))
}
