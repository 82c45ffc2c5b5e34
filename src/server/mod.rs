//! What runs on the server only.

pub mod assistant;
