//! Data of the page with the audit log.

use crate::domain::{AuditPageData, error::ApiError, ids::AuditId};
use leptos::prelude::*;

/// Events of the audit log before the event `before`, newest first, for admins.
#[server(prefix = "/fn", endpoint = "page/audit")]
pub async fn load_audit(before: Option<AuditId>) -> Result<AuditPageData, ApiError> {
    use crate::server::{audit, http::server_fn_context};
    const PAGE_SIZE: i64 = 100;
    let (app, _) = server_fn_context::admin()?;
    Ok(audit::page(&app.store, before, PAGE_SIZE).await?)
}
