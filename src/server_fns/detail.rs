//! How much of the work log the chat shows.

use crate::domain::error::ApiError;
use leptos::prelude::*;

/// Stores the level of detail in this browser, for a year.
#[server(prefix = "/fn", endpoint = "settings/detail")]
pub async fn choose_detail(detail: String) -> Result<(), ApiError> {
    use crate::{
        domain::{Detail, UnknownWord},
        server::{
            base::error::Error,
            http::{cookies, server_fn_context},
        },
    };
    let (app, _) = server_fn_context::caller()?;
    let detail: Detail = detail
        .parse()
        .map_err(|why: UnknownWord| Error::refused("detail", why.to_string()))?;
    server_fn_context::set_cookie(&app, cookies::DETAIL, detail.as_str());
    leptos_axum::redirect("/settings?changed=detail#appearance");
    Ok(())
}
