//! What the stats page shows, ready to be drawn: every number is text already, so the page decides
//! nothing.

use crate::domain::{StatsPageData, error::ApiError};
use leptos::prelude::*;

/// The stats page of the last `days` days, for admins; with `plan`, what a run would do now.
#[server(prefix = "/fn", endpoint = "page/stats")]
pub async fn load_stats(days: i64, plan: bool) -> Result<StatsPageData, ApiError> {
    use crate::server::{http::server_fn_context, stats};
    let (app, _) = server_fn_context::admin()?;
    Ok(stats::page(app.stats_source(), days, plan).await?)
}

/// Runs retention now; `confirm_clock` is an admin's word that the clock is right, `days` the range
/// that the page shows.
#[server(prefix = "/fn", endpoint = "retention/run")]
pub async fn run_retention(confirm_clock: Option<bool>, days: Option<i64>) -> Result<(), ApiError> {
    use crate::server::{
        base::error::Error, http::server_fn_context, retention::worker::run_on_request,
    };
    let (app, _) = server_fn_context::admin()?;
    if run_on_request(&app.retention_worker(), confirm_clock == Some(true))
        .await?
        .busy
    {
        return Err(Error::Conflict(
            "another run is going on; this page shows it when it has ended".into(),
        )
        .into());
    }
    leptos_axum::redirect(&days.map_or_else(
        || "/stats".to_owned(),
        |days| format!("/stats?days={days}#retention"),
    ));
    Ok(())
}
