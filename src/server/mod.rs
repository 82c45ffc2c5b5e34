//! Everything that runs only on the server. A module uses only those below it; from the top:
//! - [`serve`]: start, listener, background tasks, shutdown, `holly check`.
//! - [`http`]: router, routes, middleware, extractors, errors.
//! - [`state`]: settings and the running server's parts.
//! - [`stats`], [`export`]: the stats page and downloads.
//! - [`assistant`]: turns, models, tools, MCP servers.
//! - [`identity`]: accounts, sessions, API keys, invitations, OpenID.
//! - [`retention`]: moves entries between tiers and deletes expired ones.
//! - [`chat`], [`work_log`]: operations on conversations and entries.
//! - [`limits`]: rate limits and quotas.
//! - [`archive`]: objects with older entries, read together with the database.
//! - [`files`]: files that users attached and tools made.
//! - [`feed`]: from COMMIT to SSE frames, also between processes.
//! - [`audit`]: who did what.
//! - [`store`]: all SQL.
//! - [`base`]: clock, errors, metrics, masking and other basics.

pub mod archive;
pub mod assistant;
pub mod audit;
pub mod base;
pub mod chat;
pub mod export;
pub mod feed;
pub mod files;
pub mod http;
pub mod identity;
pub mod limits;
pub mod retention;
pub mod serve;
pub mod state;
pub mod stats;
pub mod store;
pub mod work_log;
