//! The network address that a request comes from.

use std::net::SocketAddr;

/// The other end of a connection; a proxy, where one stands in front.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);
