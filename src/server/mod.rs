//! Everything that runs only on the server. Rooms, from the bottom up: `store` (all SQL), `work_log` and `chat`
//! (the verbs), `auth`, `feed` (commit → wake → frames), `assistant` (turns), `routes` (plain HTTP), `router`.

pub mod auth;
pub mod chat;
pub mod clock;
pub mod error;
pub mod markdown;
pub mod masking;
pub mod new_id;
pub mod store;
pub mod work_log;
