//! From the start of the program to its first answer, on an empty database and on one with 100,000 entries, beside a start that
//! only says its version; and the memory it then takes, idle. Prints medians; asserts nothing about time.
//!
//! `make bench`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod entries;

use entries::corpus::Corpus;
use holly::server::{auth, clock::Clock, new_id, store::Store};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holly");
const SEED: u64 = 4_711;
const ENTRIES: i64 = 100_000;
const STARTS: usize = 15;
const SIX_DAYS_MS: i64 = 6 * 86_400_000;

#[tokio::main]
async fn main() {
    let (empty, full) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    fill(empty.path(), 0).await;
    fill(full.path(), ENTRIES).await;
    let version = median((0..STARTS).map(|_| says_its_version()));
    println!("start of the program, medians of {STARTS} in milliseconds, and memory at rest\n");
    println!(
        "{:>22} {:>9} {:>9} {:>12} {:>12}",
        "", "serving", "ratio", "resident MB", "of these own"
    );
    println!("{:>22} {:>9.1} {:>9.1}", "--version", version, 1.0);
    for (what, folder) in [("empty", empty.path()), ("100,000 entries", full.path())] {
        let serving = median((0..STARTS).map(|_| serves(folder).0));
        let (_, server) = serves(folder);
        std::thread::sleep(Duration::from_secs(3));
        let (resident, own) = (memory_mb(&server, "VmRSS:"), memory_mb(&server, "RssAnon:"));
        println!(
            "{what:>22} {serving:>9.1} {:>9.1} {resident:>12.1} {own:>12.1}",
            serving / version
        );
    }
}

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

fn says_its_version() -> Duration {
    let began = Instant::now();
    let said = Command::new(PROGRAM)
        .arg("--version")
        .output()
        .expect("the program is there");
    assert!(said.status.success());
    began.elapsed()
}

/// Starts the server and waits for its first answer.
fn serves(folder: &Path) -> (Duration, Server) {
    let began = Instant::now();
    let mut command = Command::new(PROGRAM);
    command
        .env("HOLLY_DATA_DIR", folder)
        .env("HOLLY_ADDR", "127.0.0.1:0")
        .env("HOLLY_LOG", "error")
        .env_remove("DATABASE_URL");
    let mut server = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program is there");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("it is piped"))
        .read_line(&mut line)
        .expect("it says where it is");
    let address = line
        .trim()
        .strip_prefix("Holly is at http://")
        .expect("it says where it is")
        .to_owned();
    let mut connection = TcpStream::connect(&address).expect("it listens");
    write!(
        connection,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    let took = began.elapsed();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    (took, Server(server))
}

/// Ends when nobody holds it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

fn memory_mb(server: &Server, what: &str) -> f64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1_024.0
}

/// A database with an account and so many entries of the last six days.
async fn fill(folder: &Path, entries: i64) {
    let store = Store::open(&format!("sqlite://{}", folder.join("holly.db").display()))
        .await
        .expect("a new database");
    let now = Clock::system().now();
    let account = auth::add_account(&store, now, "ada@example.org", "correct horse", true)
        .await
        .expect("a new account");
    let mut corpus = Corpus::seeded(SEED);
    for thousand in 0..entries / 1_000 {
        let mut tx = store.begin().await.expect("a transaction");
        for number in 0..1_000 {
            let age = SIX_DAYS_MS * (thousand * 1_000 + number) / entries;
            let at = now.plus(age - SIX_DAYS_MS);
            entries::write(
                &mut tx,
                entries::entry(new_id::entry(at), account.id, None, at, corpus.sample()),
            )
            .await;
        }
        tx.commit().await.expect("it can be written");
    }
    store.close().await;
}
