//! What tests stand on: databases of their own, people, and chance that repeats itself.

pub mod chance;
pub mod databases;
pub mod people;
