//! Shared by the benchmarks: corpus entries, a server process, percentiles.

#![allow(dead_code, reason = "no benchmark uses all of it")]

#[path = "../tests/support/corpus.rs"]
mod corpus;

use corpus::Corpus;
use holly::{
    domain::{Account, WorkLogEntry, ids::UserId, time::DAY_MS},
    server::{
        base::{clock::Clock, new_id},
        chat::create_conversation,
        store::{Store, users, work_logs},
    },
};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::{ops::Range, path::Path, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream};

pub const HOLLY: &str = env!("CARGO_BIN_EXE_holly");
/// When set, the `streams` benchmark serves the bare axum server.
pub const SERVE_BARE: &str = "HOLLY_BENCH_SERVE_BARE";
/// Differs from the seed of the corpus that the dictionary of warm rows was trained on.
const SEED: u64 = 4_711;

/// An integer from the environment.
pub fn setting(name: &str, default: i64) -> i64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Opens the SQLite database in a folder.
pub async fn open(folder: &Path) -> Store {
    let address = format!("sqlite://{}", folder.join("holly.db").display());
    Store::open(&address).await.expect("a database opens")
}

/// Creates an account that cannot sign in.
pub async fn person(store: &Store) -> UserId {
    let now = Clock::system().now();
    let id = new_id::user(now);
    let account = json!({"id": id, "email": format!("{id}@example.org"), "isAdmin": false});
    let account: Account = serde_json::from_value(account).expect("an account");
    let mut tx = store.begin().await.expect("a transaction begins");
    let inserted = users::insert(&mut tx, now, &account, "no password").await;
    assert!(inserted.expect("an account is written"));
    tx.commit().await.expect("it is committed");
    id
}

/// Writes settled corpus entries of a new user, created in the given range of days ago.
pub async fn fill(store: &Store, entries: i64, days: Range<i64>) -> UserId {
    let (now, mut corpus) = (Clock::system().now(), Corpus::seeded(SEED));
    let user = person(store).await;
    let conversation = create_conversation(store, now, user, "Talk").await;
    let conversation = conversation.expect("a conversation").id;
    let mut tx = store.begin().await.expect("a transaction begins");
    for n in 0..entries {
        let at = now.plus(n * (days.end - days.start) * DAY_MS / entries - days.end * DAY_MS);
        let sample = corpus.sample();
        let entry = json!({
            "id": new_id::entry(at), "userId": user, "conversationId": conversation, "rev": 0,
            "logType": sample.log_type, "status": "success", "title": sample.title,
            "details": sample.details, "metadata": sample.metadata, "storageStatus": "hot",
            "timestamp": at, "updatedAt": at, "durationMs": 2_345,
        });
        let mut entry: WorkLogEntry = serde_json::from_value(entry).expect("an entry");
        let written = work_logs::insert(&mut tx, &mut entry, &Default::default()).await;
        written.expect("a row is written");
    }
    tx.commit().await.expect("it is committed");
    user
}

/// Requests an event stream.
pub async fn open_stream(host: &str, path: &str, header: &str) -> TcpStream {
    let mut socket = TcpStream::connect(host).await.expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\n\r\n");
    let sent = socket.write_all(request.as_bytes()).await;
    sent.expect("the server reads");
    socket
}

/// The percentile of durations, in milliseconds.
pub fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    let time = times.get(times.len() * percent / 100);
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// A server process, killed on drop.
pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    /// Starts `program` on a data folder and waits until it prints its address.
    pub fn start(program: &Path, folder: &Path) -> Self {
        let site = folder.join("site");
        std::fs::create_dir_all(site.join("pkg")).expect("a folder is made");
        for file in ["pkg/holly.js", "pkg/holly.wasm"] {
            std::fs::write(site.join(file), "").expect("a file is written");
        }
        let mut command = Command::new(program);
        command
            .env("HOLLY_DATA_DIR", folder)
            .env("HOLLY_SITE_DIR", site)
            .env("HOLLY_ADDR", "127.0.0.1:0")
            .env("HOLLY_LOG", "error")
            .env(SERVE_BARE, "1")
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program starts");
        let (mut line, output) = (String::new(), process.stdout.take());
        let read = BufReader::new(output.expect("it is piped")).read_line(&mut line);
        read.expect("it prints its address");
        let address = line
            .trim()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        Self { process, address }
    }

    /// Its memory in MiB, from a line of `/proc/<pid>/status`: `VmRSS:` or `RssAnon:`.
    pub fn memory_mib(&self, line: &str) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let found = status.lines().find_map(|text| text.strip_prefix(line));
        let kib = found.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or(f64::NAN) / 1_024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have exited already
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
