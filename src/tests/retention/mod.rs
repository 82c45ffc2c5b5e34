//! Retention: nothing lost on the way, nothing left at the end.

mod canaries;
mod copying;
mod crashes;
mod dictionary;
mod full;
mod model;
mod restoring;
mod s3;
mod steps;
mod world;
