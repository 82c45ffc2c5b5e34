//! Data of the stats page, with every number formatted already, and retention runs started there.

use crate::domain::{StatsPageData, error::ApiError};
#[cfg(feature = "ssr")]
use crate::{domain::AuditAction, server::audit::Event};
use leptos::prelude::*;

/// Data of the stats page for the last `days` days, for admins; with `plan`, the steps a retention
/// run would take now.
#[server(prefix = "/fn", endpoint = "page/stats")]
pub async fn load_stats(days: i64, plan: bool) -> Result<StatsPageData, ApiError> {
    use crate::server::{http::server_fn_context, stats};
    let (app, _) = server_fn_context::admin()?;
    Ok(stats::page(app.stats_source(), days, plan).await?)
}

/// Runs retention now. `confirm_clock`: the admin confirms that the clock is correct. `days`: the
/// range that the page shows.
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
            "another run is in progress; this page shows it when it has ended".into(),
        )
        .into());
    }
    server_fn_context::audit(Event::of(AuditAction::RetentionRun)).await;
    leptos_axum::redirect(&days.map_or_else(
        || "/stats".to_owned(),
        |days| format!("/stats?days={days}#retention"),
    ));
    Ok(())
}
