//! Basics that every other module of the server may use; no operations, no SQL.

pub mod blocking;
pub(crate) mod byte_cache;
pub mod clock;
pub mod data_dir;
pub mod digest;
pub mod error;
pub mod etag;
pub(crate) mod fail_points;
pub mod hosts;
pub mod log_targets;
pub mod markdown;
pub(crate) mod markdown_blocks;
pub mod masking;
pub mod media_type;
pub mod metrics;
pub mod network;
pub mod new_id;
pub mod object_storage;
pub mod outbound;
pub mod private_files;
pub mod proxies;
pub(crate) mod rendered_markdown;
pub mod secret;
pub mod telemetry;
pub mod visible;
