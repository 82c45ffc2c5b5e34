//! The assistant: what a turn is made of.

pub mod tool;
pub mod tools;
