//! Tests by behaviour; the rooms below mirror the crate's.

mod components;
