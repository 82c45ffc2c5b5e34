//! Everything that runs only on the server. Rooms, from the bottom up: `store` (all SQL), `archive`
//! (what left the database, and both read as one), `work_log` and `chat` (the verbs), `auth`,
//! `oidc` (other people's sign-in), `people` (who is let in and shut out), `limits`, `feed` (commit
//! → wake → frames), `relay` (from process to process), `retention` (tiers), `file_store`,
//! `assistant` (turns), `figures` and `export`, `routes` (plain HTTP), `router`.

pub mod archive;
pub mod assistant;
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
