//! Everything that runs only on the server. Rooms, from the bottom up: `store` (all SQL), `archive`
//! (what left the database, and both read as one), `work_log` and `chat` (the verbs), `auth`,
//! `oidc` (other people's sign-in), `people` (who is let in and shut out), `limits`, `feed` (commit
//! → wake → frames), `relay` (from process to process), `retention` (tiers), `file_store`,
//! `assistant` (turns), `figures` and `export`, `routes` (plain HTTP), `router`.

pub mod archive;
pub mod aside;
pub mod asker;
pub mod assistant;
pub mod auth;
pub mod base;
pub mod chat;
pub mod check;
pub mod clock;
pub mod config;
pub mod cookies;
pub mod data_dir;
pub mod error;
pub mod export;
pub mod feed;
pub mod figures;
pub mod file_store;
pub mod limits;
pub mod listener;
pub mod markdown;
pub mod masking;
pub mod metrics;
pub mod middleware;
pub mod new_id;
pub mod objects;
pub mod oidc;
pub mod orphans;
pub mod outbound;
pub mod packing;
pub mod people;
pub mod proxies;
pub mod relay;
pub mod retention;
pub mod router;
pub mod routes;
pub mod secret;
pub mod serve;
pub mod site;
pub mod snapshots;
pub mod sniff;
pub mod state;
pub mod store;
pub mod style;
pub mod telemetry;
pub mod work_log;
pub mod workers;
