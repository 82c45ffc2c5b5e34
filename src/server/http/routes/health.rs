//! `/healthz`, `/readyz` and `/metrics`.

use crate::server::{
    base::{log_targets, metrics::TierLabels},
    http::{
        extract::{Identity, has_bearer},
        problem::{ApiResult, Problem},
    },
    retention::{lag::lags, report},
    state::App,
    store::retention::damage,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use std::sync::atomic::Ordering;

const METRICS_NEED_A_KEY: &str = "send HOLLY_METRICS_TOKEN or an admin's API key with the scope \
                                   `admin` as `Authorization: Bearer …`";

/// Liveness: the process runs.
pub async fn healthz() -> &'static str {
    "ok"
}

/// Readiness: the database is reachable and the server is not shutting down.
pub async fn readyz(State(app): State<App>) -> ApiResult {
    if app.shutdown.is_cancelled() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting down",
        ));
    }
    app.store.read().await.map_err(|error| {
        tracing::warn!(target: log_targets::HTTP_ROUTES_HEALTH, %error, "not ready");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database is unreachable",
        )
    })?;
    Ok("ready".into_response())
}

/// Counters for Prometheus, for admins and with `HOLLY_METRICS_TOKEN`.
pub async fn metrics(
    State(app): State<App>,
    identity: Option<Identity>,
    headers: HeaderMap,
) -> ApiResult {
    if !has_bearer(&headers, app.config.metrics_token.as_deref()) {
        match identity {
            Some(identity) if identity.account.is_admin => {}
            Some(_) => return Err(Problem::admins_only()),
            None => return Err(Problem::new(StatusCode::UNAUTHORIZED, METRICS_NEED_A_KEY)),
        }
    }
    let counters = app.store.counters();
    let gauge = |value: &std::sync::atomic::AtomicU64| {
        i64::try_from(value.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    };
    app.metrics.commits.set(gauge(&counters.commits));
    app.metrics.reads.set(gauge(&counters.reads));
    app.metrics
        .streams
        .set(i64::try_from(app.stream_limiter.open()).unwrap_or(i64::MAX));
    let mut reader = app.store.read().await?;
    app.metrics
        .archive_damaged
        .set(damage::count(&mut reader).await?);
    app.metrics.retention_waiting.set(i64::from(
        report::latest(&mut reader, 1)
            .await?
            .iter()
            .any(|(_, report)| report.waiting.is_some()),
    ));
    for lag in lags(&mut reader, app.config.retention.policy, app.clock.now()).await? {
        app.metrics
            .retention_lag
            .get_or_create(&TierLabels {
                tier: lag.tier.as_str(),
            })
            .set(lag.seconds);
    }
    let headers = [(
        header::CONTENT_TYPE,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )];
    Ok((headers, app.metrics.text()).into_response())
}
