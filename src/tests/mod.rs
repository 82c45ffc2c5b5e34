//! What Holly promises, tried from the outside. `support`: what tests share. `routes`: the HTTP API over a real port.

mod routes;
mod support;
