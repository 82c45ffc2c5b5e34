//! The cost of an idle stream: how the memory of the real server process grows with streams, each
//! of another user, compared with a bare axum server that only sends heartbeats, in the same run.
//!
//! `make bench`, or `cargo bench --features ssr --bench streams`. HOLLY_BENCH_STREAMS (2,000) is
//! the number of streams; `ulimit -n` must be above it.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use axum::response::sse::{Event, Sse};
use axum::{Router, routing::get};
use futures::{StreamExt, stream};
use holly::server::{base::clock::Clock, identity::begin_session};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{HOLLY, SERVE_BARE, Server};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// Streams opened first, so that one-time costs of the process are not counted.
const WARM_UP: usize = 200;
const MAX_CONCURRENT_OPENS: usize = 100;
/// Longer than the heartbeat interval.
const SETTLE: Duration = Duration::from_secs(17);

#[tokio::main]
async fn main() {
    if std::env::var_os(SERVE_BARE).is_some() {
        return serve_bare().await;
    }
    let count = support::setting("HOLLY_BENCH_STREAMS", 2_000) as usize;
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = create_users(folder.path(), count + WARM_UP).await;
    println!("{count} idle streams, each of another user; memory of the server process\n");
    println!("           idle MiB     open MiB   KiB a stream    opened in");
    let this = std::env::current_exe().expect("a program has a path");
    for (name, program, path) in [
        ("axum", this.as_path(), "/"),
        ("holly", Path::new(HOLLY), "/api/work-log/stream"),
    ] {
        let server = Server::start(program, folder.path());
        let host = &server.address;
        let open = async |tokens: &[String]| {
            let opened = tokens.iter().map(|token| open(host, path, token));
            let opened = stream::iter(opened).buffer_unordered(MAX_CONCURRENT_OPENS);
            opened.collect::<Vec<_>>().await
        };
        let mut streams = open(&tokens[..WARM_UP]).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (idle, began) = (server.memory_mib("VmRSS:"), Instant::now());
        streams.extend(open(&tokens[WARM_UP..]).await);
        let took = began.elapsed().as_secs_f64();
        tokio::time::sleep(SETTLE).await;
        let full = server.memory_mib("VmRSS:");
        let ended = streams.iter().any(|stream| stream.is_finished());
        assert!(!ended, "a stream ended early");
        let each = (full - idle) * 1_024.0 / count as f64;
        println!("{name:>6} {idle:>12.1} {full:>12.1} {each:>14.1} {took:>10.1} s");
    }
}

/// Creates signed-in users; returns their session tokens.
async fn create_users(folder: &Path, count: usize) -> Vec<String> {
    let (store, now, mut tokens) = (support::open(folder).await, Clock::system().now(), vec![]);
    for _ in 0..count {
        let user = support::person(&store).await;
        let token = begin_session(&store, now, user, "a benchmark").await;
        tokens.push(token.expect("a session begins"));
    }
    store.close().await;
    tokens
}

/// Opens a stream and waits for its first bytes; the task reads until the server ends the stream.
async fn open(address: &str, path: &str, token: &str) -> tokio::task::JoinHandle<()> {
    let cookie = format!("Cookie: holly_session={token}");
    let mut socket = support::open_stream(address, path, &cookie).await;
    read(&mut socket).await;
    tokio::spawn(async move { while read(&mut socket).await {} })
}

/// Returns `false` when the server has ended the stream.
async fn read(socket: &mut TcpStream) -> bool {
    let mut bytes = [0; 2_048];
    let count = socket.read(&mut bytes).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..count]);
    let refused = ["HTTP/1.1 4", "event: auth", "event: busy"];
    assert!(!refused.iter().any(|event| text.contains(event)), "{text}");
    count > 0
}

/// Serves only heartbeats: the cost of axum and hyper alone.
async fn serve_bare() {
    let beat = || Ok::<_, std::convert::Infallible>(Event::default().event("heartbeat").data("{}"));
    let beats = move || {
        stream::unfold(Duration::ZERO, move |wait| async move {
            tokio::time::sleep(wait).await;
            Some((beat(), Duration::from_secs(15)))
        })
    };
    let app = Router::new().route("/", get(async move || Sse::new(beats())));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("http://{}", listener.local_addr().expect("it is bound"));
    axum::serve(listener, app).await.expect("it serves");
}
