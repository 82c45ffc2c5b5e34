//! From process start to the first response, on an empty and on a filled database, as a ratio to
//! printing the version, and the server's memory at rest.
//!
//! `make bench`, or `cargo bench --features ssr --bench start`; HOLLY_BENCH_ENTRIES (20,000)

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::io::{Read, Write};
use std::time::{Duration, Instant};
use std::{net::TcpStream, path::Path, process::Command};
use support::{HOLLY, Server};

const STARTS: usize = 9;

#[tokio::main]
async fn main() {
    let entries = support::setting("HOLLY_BENCH_ENTRIES", 20_000);
    let version = median(time_version);
    println!("start of the program, medians of {STARTS} in ms; memory at rest in MiB\n");
    println!("                         ms    ratio   resident    of it own");
    println!("{:>18} {version:>8.1} {:>8.1}", "--version", 1.0);
    for entries in [0, entries] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = support::open(folder.path()).await;
        support::fill(&store, entries, 0..6).await;
        store.close().await;
        let took = median(|| serve(folder.path()).0);
        let (_, server) = serve(folder.path());
        std::thread::sleep(Duration::from_secs(3));
        let (resident, own) = (server.memory_mib("VmRSS:"), server.memory_mib("RssAnon:"));
        let (what, ratio) = (format!("{entries} entries"), took / version);
        println!("{what:>18} {took:>8.1} {ratio:>8.1} {resident:>10.1} {own:>12.1}");
    }
}

fn median(time: impl Fn() -> Duration) -> f64 {
    let mut times: Vec<Duration> = (0..STARTS).map(|_| time()).collect();
    support::percentile(&mut times, 50)
}

fn time_version() -> Duration {
    let began = Instant::now();
    let output = Command::new(HOLLY).arg("--version").output();
    assert!(output.expect("the program starts").status.success());
    began.elapsed()
}

/// Starts the server and waits for its first response.
fn serve(folder: &Path) -> (Duration, Server) {
    let began = Instant::now();
    let server = Server::start(Path::new(HOLLY), folder);
    let host = &server.address;
    let mut connection = TcpStream::connect(host).expect("it listens");
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    (began.elapsed(), server)
}
