//! `GET /api/work-log/stats`: totals of all users, for admins.

use crate::{
    domain::{StatsPageData, StatsTable},
    server::{
        base::error::Error,
        http::{
            extract::CurrentUser,
            extract::params::Params,
            problem::{ApiResult, Problem},
        },
        state::App,
        stats,
        work_log::system_stats,
    },
};
use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde_json::json;

const DAYS_DEFAULT: i64 = 30;
const DAYS_MAX: i64 = 3_660;

/// Totals by day, type, status and tier for the last `days` UTC days; with `format=csv`, a `table`
/// of the stats page.
pub async fn stats(
    State(app): State<App>,
    CurrentUser(account): CurrentUser,
    mut params: Params,
) -> ApiResult {
    if !account.is_admin {
        return Err(Problem::admins_only());
    }
    let days = params.number("days", 1, DAYS_MAX).unwrap_or(DAYS_DEFAULT);
    let (format, table) = (params.text("format", 10), params.text("table", 20));
    params.finish()?;
    match (format.as_deref(), table) {
        (None | Some("json"), None) => {}
        (Some("csv"), Some(_)) if !stats::RANGES.contains(&days) => {
            return Err(Error::refused(
                "days",
                "must be 1, 7, 30 or 90 for a table of the stats page",
            )
            .into());
        }
        (Some("csv"), Some(table)) => {
            return csv(&stats::page(app.stats_source(), days, false).await?, &table);
        }
        _ => {
            return Err(Error::refused(
                "format",
                "must be csv together with `table`, or json without",
            )
            .into());
        }
    }
    let stats = system_stats(&mut app.store.read().await?, app.clock.now(), days).await?;
    Ok(
        Json(json!({ "success": true, "stats": stats, "streams": app.stream_limiter.open() }))
            .into_response(),
    )
}

/// A table of the stats page as CSV (RFC 4180).
fn csv(page: &StatsPageData, name: &str) -> ApiResult {
    let tables = [
        &page.by_day.1,
        &page.tokens.1,
        &page.storage.1,
        &page.statuses,
        &page.models,
        &page.tools,
        &page.runs,
    ];
    let table = tables
        .into_iter()
        .find(|table| table.name == name)
        .ok_or(Error::NotFound("table"))?;
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
    Ok((headers, csv_text(table)).into_response())
}

fn csv_text(table: &StatsTable) -> String {
    let line = |row: &Vec<String>| {
        row.iter()
            .map(|cell| csv_cell(cell))
            .collect::<Vec<_>>()
            .join(",")
            + "\r\n"
    };
    std::iter::once(&table.head)
        .chain(&table.rows)
        .map(line)
        .collect()
}

/// Escapes a cell. Spreadsheets interpret a cell that begins with one of these characters as a
/// formula, so it is prefixed with an apostrophe.
fn csv_cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
