//! HTTP: routes, middleware, extractors and errors. `router` lists every route on one screen.

pub mod assets;
pub mod confirmation;
pub mod cookies;
pub mod extract;
pub mod middleware;
pub mod problem;
pub mod redirects;
pub mod request_id;
pub mod router;
pub mod routes;
pub mod scopes;
pub mod server_fn_context;
pub mod style;
