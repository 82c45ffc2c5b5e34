//! What an idle stream costs: the memory of the real server process with thousands of streams open, each of another person,
//! beside a bare axum that does nothing but send heartbeats, measured alike in the same run. Prints; asserts nothing.
//!
//! `make bench`, or `cargo bench --features ssr --bench streams`; HOLLY_BENCH_STREAMS=N opens N (default 10,000),
//! HOLLY_BIN measures another program. On PostgreSQL when DATABASE_URL names one, which is written to.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use axum::{
    Router,
    response::sse::{Event, Sse},
    routing::get,
};
use holly::{
    api::Account,
    ids::UserId,
    server::{
        archive::object::hex_sha256,
        clock::Clock,
        new_id,
        store::{
            Store,
            sessions::{self, Session},
            users,
        },
    },
};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Opened first, so that what every process needs once is not counted.
const WARM_UP: usize = 200;
/// Opened at the same time.
const AT_ONCE: usize = 200;
/// Longer than the time between two heartbeats.
const SETTLE: Duration = Duration::from_secs(17);
const SERVED_BARE: &str = "HOLLY_BENCH_SERVE_BARE";

fn main() {
    if std::env::var_os(SERVED_BARE).is_some() {
        return runtime().block_on(serve_bare());
    }
    let wanted = std::env::var("HOLLY_BENCH_STREAMS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_000);
    with_enough_files(wanted);
    runtime().block_on(measure(wanted));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

/// Starts this program anew with as many files as it may have, when it has too few for so many sockets.
fn with_enough_files(streams: usize) {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    if soft.is_some_and(|soft: usize| soft < streams + 500)
        && std::env::var_os("HOLLY_BENCH_AGAIN").is_none()
    {
        let program = std::env::current_exe().expect("this program has a path");
        let status = Command::new("sh")
            .args(["-c", RAISED])
            .arg(program)
            .env("HOLLY_BENCH_AGAIN", "1")
            .status();
        std::process::exit(status.ok().and_then(|status| status.code()).unwrap_or(1));
    }
}

const RAISED: &str = "ulimit -n $(ulimit -Hn); exec \"$0\"";

async fn measure(wanted: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = std::env::var("DATABASE_URL")
        .unwrap_or_else(|_| format!("sqlite://{}", folder.path().join("holly.db").display()));
    let tokens = people(&database, wanted + WARM_UP).await;
    println!(
        "{wanted} idle streams, each of another person; resident memory of the server process"
    );
    println!(
        "{:>8} {:>12} {:>12} {:>14} {:>10}",
        "", "idle KiB", "open KiB", "KiB a stream", "opened in"
    );
    let bare = spawn(
        &std::env::current_exe().expect("this program has a path"),
        folder.path(),
        &[(SERVED_BARE, "1")],
    );
    report("axum", bare, wanted, "/", &[]).await;
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("HOLLY_MAX_STREAMS", "0"),
    ];
    let program =
        std::env::var("HOLLY_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_holly").to_owned());
    let holly = spawn(Path::new(&program), folder.path(), &settings);
    report("holly", holly, wanted, "/api/work-log/stream", &tokens).await;
}

/// As many people, each signed in; returns what they show.
async fn people(database: &str, count: usize) -> Vec<String> {
    let store = Store::open(database)
        .await
        .expect("the database can be opened");
    let now = Clock::system().now();
    let run = now.millis();
    let mut tokens = Vec::with_capacity(count);
    let mut tx = store.begin().await.expect("a transaction");
    for n in 0..count {
        let id: UserId = new_id::user(now);
        let account = Account {
            id,
            email: format!("{n}@{run}.example.org"),
            is_admin: false,
        };
        users::insert(&mut tx, now, &account, "no password")
            .await
            .expect("a new account");
        let token = format!("{run}-{n}");
        let session = Session {
            token_hash: hex_sha256(token.as_bytes()),
            user_id: id,
            provider: None,
            last_seen_at: now,
            expires_at: now.plus(86_400_000),
        };
        sessions::insert(&mut tx, &session, "a benchmark")
            .await
            .expect("a new session");
        tokens.push(token);
    }
    tx.commit().await.expect("it can be committed");
    store.close().await;
    tokens
}

/// A server and where it is.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended by itself, which is as good
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(program: &Path, folder: &Path, settings: &[(&str, &str)]) -> Server {
    let site = folder.join("site/pkg");
    std::fs::create_dir_all(&site).expect("a folder can be made");
    for name in ["holly.js", "holly.wasm"] {
        std::fs::write(site.join(name), "").expect("a file can be written");
    }
    let mut command = Command::new("sh");
    command
        .args(["-c", RAISED])
        .arg(program)
        .env("HOLLY_ADDR", "127.0.0.1:0")
        .env("HOLLY_LOG", "error");
    command
        .env("HOLLY_DATA_DIR", folder)
        .env("HOLLY_SITE_DIR", folder.join("site"))
        .envs(settings.iter().copied());
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it has an output"))
        .read_line(&mut line)
        .expect("it says where it is");
    let address = line
        .trim()
        .rsplit('/')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("it said {line:?}"));
    Server { child, address }
}

async fn report(name: &str, server: Server, wanted: usize, path: &str, tokens: &[String]) {
    let (mut open, (pid, address)) = (Vec::new(), (server.child.id(), server.address));
    let token = |n: usize| tokens.get(n).cloned().unwrap_or_default();
    open_streams(&mut open, address, path, (0..WARM_UP).map(token).collect()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = resident_kib(pid);
    let began = Instant::now();
    open_streams(
        &mut open,
        address,
        path,
        (WARM_UP..WARM_UP + wanted).map(token).collect(),
    )
    .await;
    let took = began.elapsed();
    tokio::time::sleep(SETTLE).await;
    let full = resident_kib(pid);
    assert!(
        open.iter().all(|stream| !stream.is_finished()),
        "a stream ended early"
    );
    let each = full.saturating_sub(idle) as f64 / wanted as f64;
    println!(
        "{name:>8} {idle:>12} {full:>12} {each:>14.1} {:>8.1} s",
        took.as_secs_f64()
    );
    open.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn open_streams(
    open: &mut Vec<tokio::task::JoinHandle<()>>,
    address: SocketAddr,
    path: &str,
    tokens: Vec<String>,
) {
    let (began, mut opened) = mpsc::channel(AT_ONCE);
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let count = tokens.len();
    for token in tokens {
        let place = places
            .clone()
            .acquire_owned()
            .await
            .expect("it is never closed");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: holly_session={token}\r\n\r\n"
        );
        let began = began.clone();
        open.push(tokio::spawn(async move {
            let mut socket = TcpStream::connect(address)
                .await
                .expect("the server listens");
            socket
                .write_all(request.as_bytes())
                .await
                .expect("the server reads");
            read(&mut socket).await;
            // a closed channel means that nobody counts any more
            _ = began.send(()).await;
            drop((began, place));
            while read(&mut socket).await {}
        }));
        while opened.try_recv().is_ok() {}
    }
    drop(began);
    while opened.recv().await.is_some() {}
    println!("         {count} streams are open");
}

/// `false` when the server ended the stream.
async fn read(socket: &mut TcpStream) -> bool {
    let mut bytes = [0; 2_048];
    let count = socket.read(&mut bytes).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..count]);
    assert!(
        !text.contains("event: auth") && !text.contains("event: busy"),
        "{text}"
    );
    count > 0
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Nothing but heartbeats: what axum and hyper take by themselves.
async fn serve_bare() {
    let beats = || {
        futures::stream::unfold(true, |first| async move {
            if !first {
                tokio::time::sleep(Duration::from_secs(15)).await;
            }
            Some((
                Ok::<_, std::convert::Infallible>(Event::default().event("heartbeat").data("{}")),
                false,
            ))
        })
    };
    let app = Router::new().route("/", get(move || async move { Sse::new(beats()) }));
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    println!(
        "axum is at http://{}",
        listener.local_addr().expect("it is bound")
    );
    axum::serve(listener, app).await.expect("it serves");
}
