//! Limits on connections over raw sockets. Loopback has no limit by address otherwise.

use super::deadlines::{LONG, connect_and_send, read_to_end, read_until, serve_with};
use crate::{
    server::serve::connection_limiter::ConnectionLimits,
    tests::support::{TestApp, within},
};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: holly\r\n\r\n";

/// A connection that has been answered once and stays open. `None`: it was closed at once.
async fn answered(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // a refused connection may be reset before this is sent
    _ = stream.write_all(REQUEST).await;
    let mut bytes = [0; 12];
    let read = within("an answer", stream.read_exact(&mut bytes)).await;
    read.ok().map(|_| {
        assert_eq!(String::from_utf8_lossy(&bytes), "HTTP/1.1 200");
        stream
    })
}

#[tokio::test]
async fn connections_over_a_limit_are_closed_and_others_are_served() {
    let app = TestApp::start().await;
    for (case, in_all, per_address, served) in [
        ("by address", 0, 2, 2),
        ("in all", 3, 0, 3),
        ("the smaller one", 2, 3, 2),
        ("none", 0, 0, 9),
    ] {
        let limits = ConnectionLimits {
            in_all,
            per_address,
            exempt: Vec::new(),
        };
        let (address, _) = serve_with(&app, limits, LONG).await;
        let mut open = Vec::new();
        for n in 0..9 {
            let stream = answered(address).await;
            assert_eq!(stream.is_some(), n < served, "{case}, {n}");
            open.extend(stream);
        }
        if served == 9 {
            continue;
        }
        let silent = read_to_end(&mut connect_and_send(address, b"").await).await;
        assert_eq!(silent, "", "{case}: closed before its deadline");
        drop(open.pop());
        let again = async {
            loop {
                if let Some(stream) = answered(address).await {
                    break stream;
                }
            }
        };
        open.push(within("a free place", again).await);
        assert!(answered(address).await.is_none(), "{case}");
    }
}

#[tokio::test]
async fn an_http_2_connection_is_told_how_many_requests_it_may_have_open() {
    const MAX_CONCURRENT_STREAMS: &str = "\0\u{3}\0\0\0d";
    let app = TestApp::start().await;
    let (address, _) = serve_with(&app, ConnectionLimits::default(), LONG).await;
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut stream = connect_and_send(address, hello).await;
    read_until(&mut stream, MAX_CONCURRENT_STREAMS).await;
}
