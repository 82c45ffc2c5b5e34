//! `POST · GET /api/work-log/cleanup`: a retention run, started by an admin or by a scheduler with
//! `CRON_SECRET`.

use crate::domain::AuditAction;
use crate::server::{
    audit::{self, Event},
    http::{
        extract::{ClientAddress, Identity, has_bearer, params::Params},
        problem::{ApiResult, Problem},
    },
    retention::{
        Run,
        dry_run::dry_run,
        worker::{MAX_DURATION_ON_REQUEST, run_on_request},
    },
    state::App,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method},
    response::IntoResponse,
};
use serde_json::json;

/// Runs retention; with `dryRun=true` it only returns what a run would do. `confirmClock=true` is
/// an admin's confirmation that the clock is correct, by POST only: following a link must not
/// confirm.
pub async fn cleanup(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    identity: Option<Identity>,
    method: Method,
    headers: HeaderMap,
    mut params: Params,
) -> ApiResult {
    let admin = identity
        .as_ref()
        .is_some_and(|identity| identity.account.is_admin);
    if !admin && !has_bearer(&headers, app.config.retention.cron_secret.as_deref()) {
        return Err(if identity.is_some() {
            Problem::admins_only()
        } else {
            Problem::signed_out()
        });
    }
    let (dry, trust_clock) = (
        params.take("dryRun").unwrap_or(false),
        params.take("confirmClock").unwrap_or(false),
    );
    if trust_clock && method != Method::POST {
        params.refuse(
            "confirmClock",
            "must be sent by POST; a GET cannot confirm anything",
        );
    }
    params.finish()?;
    if trust_clock && !admin {
        return Err(Problem::admins_only());
    }
    if dry {
        let run = Run {
            trust_clock,
            max_duration: MAX_DURATION_ON_REQUEST,
            ..Run::at(app.config.retention.policy, app.clock.now())
        };
        let plan = dry_run(&app.tiers, run).await?;
        return Ok(
            Json(json!({ "success": true, "stats": plan.report, "plan": plan.lines() }))
                .into_response(),
        );
    }
    let stats = run_on_request(&app.retention_worker(), trust_clock).await?;
    let event = Event::of(AuditAction::RetentionRun).from_address(address);
    let event = match identity.filter(|_| admin) {
        Some(identity) => event.by(identity.account.id),
        None => event.detail("scheduler"),
    };
    audit::record(&app.store, app.clock.now(), event).await;
    Ok(Json(json!({ "success": true, "stats": stats })).into_response())
}
