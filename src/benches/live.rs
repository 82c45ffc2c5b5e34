//! From commit to frame: how long a committed entry takes to reach its listeners, beside a bare in-memory broadcast
//! over the same axum in the same run. Prints medians and their ratio; asserts nothing about time.
//!
//! `make bench`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use axum::{
    Router,
    response::sse::{Event, Sse},
    routing::get,
};
use futures::StreamExt;
use holly::{
    ids::UserId,
    server::{
        assistant::{policy::Patience, tools::services::settings::ServiceConfig},
        auth,
        clock::Clock,
        config::Config,
        listener::{DeadlineListener, PATIENCE, Peer},
        retention::settings::RetentionConfig,
        router::router,
        site::Site,
        state::App,
        work_log::{Origin, create_work_log},
    },
    work_log::{EntryDraft, LogType, Metadata},
};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{broadcast, mpsc},
};

const EVENTS: usize = 60;
const WARM_UP: usize = 10;

#[tokio::main]
async fn main() {
    println!("commit to frame, {EVENTS} entries, medians in microseconds\n");
    println!(
        "{:>10} {:>12} {:>12} {:>8}",
        "listeners", "broadcast", "holly", "ratio"
    );
    for listeners in [1, 100, 1_000] {
        let plain = median(broadcast_latencies(listeners).await);
        let ours = median(holly_latencies(listeners).await);
        println!(
            "{listeners:>10} {plain:>12} {ours:>12} {:>8.2}",
            ours as f64 / plain.max(1) as f64
        );
    }
    idle().await;
}

fn median(mut latencies: Vec<Duration>) -> u128 {
    latencies.sort();
    latencies
        .get(latencies.len() / 2)
        .map_or(0, Duration::as_micros)
}

/// Opens a stream and reports the moment at which each numbered entry arrives.
async fn listen(
    address: SocketAddr,
    path: &str,
    key: &str,
    seen: mpsc::UnboundedSender<(usize, Instant)>,
) {
    let mut socket = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\r\n");
    socket
        .write_all(request.as_bytes())
        .await
        .expect("the server reads");
    let (mut text, mut next, mut buffer) = (Vec::new(), 0, [0; 16_384]);
    while let Ok(read @ 1..) = socket.read(&mut buffer).await {
        let now = Instant::now();
        text.extend_from_slice(&buffer[..read]);
        if next == 0 && find(&text, b"\n\n").is_some() {
            next = 1;
            _ = seen.send((0, now));
        }
        while let Some(at) = find(&text, format!("number {next}.").as_bytes()) {
            text.drain(..at + 8);
            _ = seen.send((next, now));
            next += 1;
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Waits until every listener is there, then publishes one entry after the other, each once the one before arrived.
async fn measure<F: Future<Output = Instant>>(
    listeners: usize,
    mut seen: mpsc::UnboundedReceiver<(usize, Instant)>,
    mut publish: impl FnMut(usize) -> F,
) -> Vec<Duration> {
    for _ in 0..listeners {
        seen.recv().await.expect("every listener opens its stream");
    }
    let mut latencies = Vec::new();
    for number in 1..=WARM_UP + EVENTS {
        let published = publish(number).await;
        for _ in 0..listeners {
            let (_, arrived) = seen.recv().await.expect("every listener gets every entry");
            if number > WARM_UP {
                latencies.push(arrived.saturating_duration_since(published));
            }
        }
    }
    latencies
}

fn text(number: usize) -> String {
    format!("number {number}. {}", "x".repeat(500))
}

async fn broadcast_latencies(listeners: usize) -> Vec<Duration> {
    let (sender, _) = broadcast::channel::<String>(64);
    let app = Router::new().route(
        "/",
        get({
            let sender = sender.clone();
            move || {
                let receiver = sender.subscribe();
                let hello = futures::stream::once(async {
                    Ok::<_, Infallible>(Event::default().data("hello"))
                });
                let rest = futures::stream::unfold(receiver, |mut receiver| async {
                    Some((
                        Ok(Event::default().data(receiver.recv().await.ok()?)),
                        receiver,
                    ))
                });
                async { Sse::new(hello.chain(rest)) }
            }
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    let (seen, arrivals) = mpsc::unbounded_channel();
    let readers: Vec<_> = (0..listeners)
        .map(|_| {
            tokio::spawn({
                let seen = seen.clone();
                async move { listen(address, "/", "", seen).await }
            })
        })
        .collect();
    let latencies = measure(listeners, arrivals, |number| {
        let sender = sender.clone();
        async move {
            let now = Instant::now();
            _ = sender.send(text(number));
            now
        }
    })
    .await;
    readers.iter().for_each(|reader| reader.abort());
    server.abort();
    latencies
}

/// A server with one person and a key.
async fn holly(folder: &std::path::Path) -> (App, UserId, String, SocketAddr) {
    let config = Config {
        addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir: folder.to_owned(),
        database_url: format!("sqlite://{}", folder.join("holly.db").display()),
        retention: RetentionConfig {
            archive_url: format!("file://{}", folder.join("archive").display()),
            policy: Default::default(),
            cron_secret: None,
        },
        listen_url: String::new(),
        public_url: None,
        oidc: Default::default(),
        limits: Default::default(),
        proxies: Default::default(),
        models: Vec::new(),
        patience: Patience::none(),
        services: ServiceConfig::demo(),
        demo_pace: 0.0,
        site_dir: None,
    };
    let app = App::open(config, Clock::system(), Site::plain(folder))
        .await
        .expect("a new folder can be opened");
    let now = app.clock.now();
    let account = auth::add_account(&app.store, now, "ada@example.org", "correct horse", true)
        .await
        .expect("a new account");
    let key = auth::create_key(&app.store, now, account.id, "bench")
        .await
        .expect("a new key");
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = router(app.clone()).into_make_service_with_connect_info::<Peer>();
    tokio::spawn(axum::serve(DeadlineListener::new(listener, PATIENCE), service).into_future());
    (app, account.id, key, address)
}

async fn holly_latencies(listeners: usize) -> Vec<Duration> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (app, user, key, address) = holly(folder.path()).await;
    let (seen, arrivals) = mpsc::unbounded_channel();
    let key: Arc<str> = key.into();
    for _ in 0..listeners {
        let (seen, key) = (seen.clone(), key.clone());
        tokio::spawn(async move { listen(address, "/api/work-log/stream", &key, seen).await });
    }
    let latencies = measure(listeners, arrivals, |number| {
        let app = app.clone();
        async move {
            let draft = EntryDraft::clipped(
                LogType::Info,
                "An entry",
                Some(text(number)),
                Metadata::default(),
            );
            create_work_log(&app.store, app.clock.now(), user, draft, Origin::default())
                .await
                .expect("it can be written");
            Instant::now()
        }
    })
    .await;
    app.shutdown.cancel();
    latencies
}

/// What an idle server with a hundred open streams does and takes.
async fn idle() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let before = resident_kib();
    let (app, _, key, address) = holly(folder.path()).await;
    let served = resident_kib();
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    for _ in 0..100 {
        let (seen, key) = (seen.clone(), key.clone());
        tokio::spawn(async move { listen(address, "/api/work-log/stream", &key, seen).await });
    }
    for _ in 0..100 {
        arrivals
            .recv()
            .await
            .expect("every listener opens its stream");
    }
    let reads = app.store.counters().reads.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(16)).await;
    let later = app.store.counters().reads.load(Ordering::Relaxed);
    println!(
        "\n100 idle streams over 16 s with their heartbeats: {} queries",
        later - reads
    );
    println!(
        "resident memory: {} MiB, of which {} KiB since the server opened",
        resident_kib() / 1024,
        resident_kib().saturating_sub(before)
    );
    println!(
        "(with the server open and no stream: {} MiB)",
        served / 1024
    );
    app.shutdown.cancel();
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
