//! Targets of log lines whose module has moved. Operators filter by target (`HOLLY_LOG`), so a
//! target keeps its name when code moves.

pub(crate) const ARCHIVE_DELETE_OBJECT: &str = "holly::server::retention::expiring";
pub(crate) const ARCHIVE_ERASE: &str = "holly::server::retention::erasing";
pub(crate) const ARCHIVE_OBJECT_WRITER: &str = "holly::server::retention::putting";
pub(crate) const ARCHIVE_PARTIAL: &str = "holly::server::archive::gaps";
pub(crate) const ASSISTANT_ATTACHMENTS: &str = "holly::server::assistant::attached";
pub(crate) const ASSISTANT_MCP_SUPERVISOR: &str = "holly::server::assistant::mcp::server";
pub(crate) const ASSISTANT_TURN_LOG: &str = "holly::server::assistant::milestones";
pub(crate) const FEED_CLUSTER: &str = "holly::server::relay";
pub(crate) const FEED_CLUSTER_LISTEN: &str = "holly::server::relay::hear";
pub(crate) const FEED_CLUSTER_NOTIFY: &str = "holly::server::relay::tell";
pub(crate) const FILES_SWEEP: &str = "holly::server::chat::orphans";
pub(crate) const HTTP_REQUEST_ID: &str = "holly::server::middleware::request_id";
pub(crate) const HTTP_MIDDLEWARE_REQUEST_METRICS: &str = "holly::server::middleware::measure";
pub(crate) const HTTP_PROBLEM: &str = "holly::server::routes::problem";
pub(crate) const HTTP_ROUTER: &str = "holly::server::router";
pub(crate) const HTTP_ROUTES_HEALTH: &str = "holly::server::routes::health";
pub(crate) const HTTP_ROUTES_PROVIDER_SIGN_IN: &str = "holly::server::routes::provider_sign_in";
pub(crate) const HTTP_SERVER_FN_CONTEXT: &str = "holly::server::asker";
pub(crate) const IDENTITY_DELETE_ACCOUNT: &str = "holly::server::people::leaving";
pub(crate) const IDENTITY_OIDC_ACCOUNTS: &str = "holly::server::oidc::people";
pub(crate) const IDENTITY_OIDC_PROVIDER: &str = "holly::server::oidc::provider";
pub(crate) const RETENTION_RECONCILE: &str = "holly::server::retention::adopting";
pub(crate) const RETENTION_RUN: &str = "holly::server::retention::pass";
pub(crate) const SERVE_LISTENER: &str = "holly::server::listener";
pub(crate) const SERVE_WORKERS: &str = "holly::server::workers";
pub(crate) const STORE_EXTERNAL_COMMITS: &str = "holly::server::store::others";
