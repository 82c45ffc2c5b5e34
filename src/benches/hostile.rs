//! What hostile input costs: the server's memory after sign-ins with long addresses, the delay of
//! an answer while connections are half open, and the time of nested Markdown of twice the size.
//! Each with its ratio to what was before or without it.
//!
//! `make bench`, or `cargo bench --features ssr --bench hostile`; `ulimit -n` must be above 2,200.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use futures::{StreamExt, stream};
use holly::server::base::markdown;
use reqwest::{Client, redirect};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{HOLLY, Server, percentile};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Sign-ins before the first measurement, so that one-time costs are not counted.
const WARM_UP: u32 = 500;
const SIGN_INS: u32 = 10_000;
const ADDRESS_BYTES: usize = 120_000;
const MAX_CONCURRENT: usize = 8;
const HALF_OPEN: usize = 1_000;
const REQUESTS: usize = 200;
const RENDERINGS: usize = 9;
const NESTED: usize = 25_000;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Path::new(HOLLY), folder.path());
    let host = &server.address;
    println!("hostile input                        before      after    ratio\n");
    sign_in(host, 0..WARM_UP).await;
    let before = server.memory_mib("RssAnon:");
    sign_in(host, WARM_UP..WARM_UP + SIGN_INS).await;
    let after = server.memory_mib("RssAnon:");
    print(&format!("{SIGN_INS} sign-ins, MiB"), before, after);

    let before = answer_ms(host).await;
    let opened = stream::iter(0..HALF_OPEN).then(|_| half_open(host));
    let sockets: Vec<TcpStream> = opened.collect().await;
    print(
        &format!("{HALF_OPEN} half open, ms"),
        before,
        answer_ms(host).await,
    );
    drop(sockets);

    for marker in ["- ", "> ", "*a ", "[a", "![a](", "`` ` "] {
        let [one, two] = [NESTED, 2 * NESTED].map(|count| render_ms(&marker.repeat(count)));
        print(&format!("{NESTED} and twice {marker:?}, ms"), one, two);
    }
}

fn print(what: &str, before: f64, after: f64) {
    let ratio = after / before;
    println!("{what:<32} {before:>10.2} {after:>10.2} {ratio:>8.2}");
}

/// Tries to sign in with long addresses, each from a network address of its own.
async fn sign_in(host: &str, numbers: std::ops::Range<u32>) {
    let client = Client::builder().redirect(redirect::Policy::none()).build();
    let client = client.expect("a client");
    let attempts = numbers.map(async |number| {
        let [_, a, b, c] = number.to_be_bytes();
        let name = "a".repeat(ADDRESS_BYTES);
        let request = client
            .post(format!("http://{host}/fn/account/sign-in"))
            .header("X-Forwarded-For", format!("10.{a}.{b}.{c}"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(format!(
                "email={number}{name}%40example.org&password=correct"
            ));
        let answer = request.send().await.expect("the server answers");
        assert!(!matches!(answer.status().as_u16(), 413 | 429 | 500..));
    });
    let attempts = stream::iter(attempts).buffer_unordered(MAX_CONCURRENT);
    attempts.for_each(async |()| {}).await;
}

/// A connection whose request head stays incomplete. The server closes it after ten seconds.
async fn half_open(host: &str) -> TcpStream {
    let mut socket = TcpStream::connect(host).await.expect("it listens");
    let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: ");
    socket.write_all(head.as_bytes()).await.expect("it reads");
    socket
}

/// The median time of an answer on a new connection, from the database.
async fn answer_ms(host: &str) -> f64 {
    let client = Client::builder().pool_max_idle_per_host(0).build();
    let (client, mut times) = (client.expect("a client"), Vec::new());
    for _ in 0..REQUESTS {
        let began = Instant::now();
        let answer = client.get(format!("http://{host}/readyz")).send().await;
        assert!(answer.expect("the server answers").status().is_success());
        times.push(began.elapsed());
    }
    percentile(&mut times, 50)
}

fn render_ms(text: &str) -> f64 {
    let render = |_| -> Duration {
        let began = Instant::now();
        std::hint::black_box(markdown::render(text));
        began.elapsed()
    };
    let mut times: Vec<Duration> = (0..RENDERINGS).map(render).collect();
    percentile(&mut times, 50)
}
