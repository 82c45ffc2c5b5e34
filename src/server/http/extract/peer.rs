//! The network address of a connection.

use std::net::SocketAddr;

/// The remote end of a connection: the client, or a reverse proxy.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);
