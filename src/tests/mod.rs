//! Tests by behaviour; the rooms below mirror the crate's. `routes`: the HTTP API over a real port. `support`: what
//! tests share.

mod components;
mod routes;
mod support;
