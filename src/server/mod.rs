//! Everything that runs only on the server. Rooms, from the bottom up: `store` (all SQL), `work_log` and `chat`
//! (the verbs), `auth`, `feed` (commit → wake → frames), `assistant` (turns), `routes` (plain HTTP), `router`.

pub mod markdown;
pub mod store;
