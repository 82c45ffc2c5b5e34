//! The address of the client.

use super::Peer;
use crate::server::state::App;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use std::{convert::Infallible, net::IpAddr};

/// The client's address, behind trusted proxies; `None` if the connection is not known.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// The address from which a request came.
    pub fn of(app: &App, request: &Parts) -> Self {
        let peer = request.extensions.get::<ConnectInfo<Peer>>();
        let proxies = &app.config.proxies;
        Self(peer.map(|peer| proxies.client_address(peer.0.0.ip(), &request.headers)))
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(app, parts))
    }
}
