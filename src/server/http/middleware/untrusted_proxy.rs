//! Warns when a proxy that is not trusted forwards requests: all its clients share one address, and
//! so the limits by address.

use crate::server::{http::extract::Peer, state::App};
use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use std::sync::Once;

static WARNED: Once = Once::new();

/// Warns once for a process.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<ConnectInfo<Peer>>();
    if let Some(ConnectInfo(peer)) = connection
        && app
            .config
            .proxies
            .ignores_forwarded(peer.0.ip(), request.headers())
    {
        WARNED.call_once(|| {
            tracing::warn!(
                address = %peer.0.ip(),
                "X-Forwarded-For was ignored, because it came from an address that is not in \
                 HOLLY_TRUSTED_PROXIES; if that is your reverse proxy, add it, or all its clients \
                 share the limits of one address"
            );
        });
    }
    next.run(request).await
}
