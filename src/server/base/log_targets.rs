//! Targets of log lines whose module is now elsewhere. Operators filter by target (`HOLLY_LOG`), so
//! a target keeps its name when code moves.

pub const ARCHIVE_ERASE: &str = "holly::server::retention::erasing";
pub const ARCHIVE_OBJECT_WRITER: &str = "holly::server::retention::putting";
pub const ARCHIVE_PARTIAL: &str = "holly::server::archive::gaps";
pub const ASSISTANT_ATTACHMENTS: &str = "holly::server::assistant::attached";
pub const ASSISTANT_TURN_LOG: &str = "holly::server::assistant::milestones";
pub const FEED_CLUSTER: &str = "holly::server::relay";
pub const FEED_CLUSTER_LISTEN: &str = "holly::server::relay::hear";
pub const FEED_CLUSTER_NOTIFY: &str = "holly::server::relay::tell";
pub const FILES_SWEEP: &str = "holly::server::chat::orphans";
pub const HTTP_MIDDLEWARE_REQUEST_ID: &str = "holly::server::middleware::request_id";
pub const HTTP_MIDDLEWARE_REQUEST_METRICS: &str = "holly::server::middleware::measure";
pub const HTTP_PROBLEM: &str = "holly::server::routes::problem";
pub const HTTP_ROUTER: &str = "holly::server::router";
pub const HTTP_ROUTES_HEALTH: &str = "holly::server::routes::health";
pub const HTTP_ROUTES_PROVIDER_SIGN_IN: &str = "holly::server::routes::provider_sign_in";
pub const HTTP_SERVER_FN_CONTEXT: &str = "holly::server::asker";
pub const IDENTITY_DELETE_ACCOUNT: &str = "holly::server::people::leaving";
pub const IDENTITY_OIDC_ACCOUNTS: &str = "holly::server::oidc::people";
pub const IDENTITY_OIDC_PROVIDER: &str = "holly::server::oidc::provider";
pub const RETENTION_RECONCILE: &str = "holly::server::retention::adopting";
pub const RETENTION_RUN: &str = "holly::server::retention::pass";
pub const SERVE_LISTENER: &str = "holly::server::listener";
pub const SERVE_WORKERS: &str = "holly::server::workers";
pub const STORE_EXTERNAL_COMMITS: &str = "holly::server::store::others";
