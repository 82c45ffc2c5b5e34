//! Retention: nothing lost on the way, nothing left at the end.

mod dictionary;
mod model;
mod world;
