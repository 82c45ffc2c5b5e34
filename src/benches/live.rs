//! From commit to frame: how long a committed entry takes to reach its listeners, as a ratio to a
//! bare in-memory broadcast over the same axum in the same run. Prints medians.
//!
//! `make bench`, or `cargo bench --features ssr --bench live`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use axum::response::sse::{Event, Sse};
use axum::{Router, routing::get};
use clap::{Args, Command, FromArgMatches};
use futures::StreamExt;
use holly::{
    domain::{EntryDraft, LogType, Metadata},
    server::{
        base::clock::Clock,
        http::router,
        identity,
        serve::{
            connection_limiter::ConnectionLimits,
            listener::{self, Deadlines},
        },
        state::{App, config::Settings, site::Site},
        work_log::{Origin, create_work_log},
    },
};
use std::{convert::Infallible, net::SocketAddr, path::Path, time::Instant};
use tokio::sync::{broadcast, mpsc};
use tokio::{io::AsyncReadExt, net::TcpListener};

const EVENTS: usize = 60;
const WARM_UP: usize = 10;

#[tokio::main]
async fn main() {
    println!("commit to frame, {EVENTS} entries, medians in milliseconds\n");
    println!(" listeners  broadcast      holly    ratio");
    for listeners in [1, 100, 1_000] {
        let baseline = broadcast_ms(listeners).await;
        let folder = tempfile::tempdir().expect("a folder");
        let holly = holly_ms(folder.path(), listeners).await;
        let ratio = holly / baseline;
        println!("{listeners:>10} {baseline:>10.2} {holly:>10.2} {ratio:>8.2}");
    }
}

/// Opens streams, then publishes entries one by one, each after the previous one has reached all
/// listeners. `publish` returns the time of publication.
async fn median_ms(
    (address, path, header): (SocketAddr, &'static str, &str),
    listeners: usize,
    publish: impl AsyncFn(String) -> Instant,
) -> f64 {
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..listeners {
        tasks.spawn(listen(address, path, header.to_owned(), seen.clone()));
    }
    for _ in 0..listeners {
        arrivals.recv().await.expect("every stream opens");
    }
    let mut latencies = Vec::new();
    for number in 0..WARM_UP + EVENTS {
        let published = publish(format!("number {number}. {}", "x".repeat(500))).await;
        for _ in 0..listeners {
            let arrived: Instant = arrivals.recv().await.expect("every entry arrives");
            if number >= WARM_UP {
                latencies.push(arrived.saturating_duration_since(published));
            }
        }
    }
    support::percentile(&mut latencies, 50)
}

/// Opens a stream and reports when its first frame and each numbered entry arrive.
async fn listen(
    address: SocketAddr,
    path: &str,
    header: String,
    seen: mpsc::UnboundedSender<Instant>,
) {
    let mut socket = support::open_stream(&address.to_string(), path, &header).await;
    let (mut text, mut next, mut buffer) = (Vec::new(), None, [0; 16_384]);
    while let Ok(read @ 1..) = socket.read(&mut buffer).await {
        let now = Instant::now();
        text.extend_from_slice(&buffer[..read]);
        loop {
            let marker = next.map_or("\n\n".to_owned(), |next| format!("number {next}."));
            let mut parts = text.windows(marker.len());
            let Some(at) = parts.position(|part| part == marker.as_bytes()) else {
                break;
            };
            text.drain(..at + marker.len());
            next = Some(next.map_or(0, |next| next + 1));
            _ = seen.send(now);
        }
    }
}

async fn broadcast_ms(listeners: usize) -> f64 {
    let (sender, _) = broadcast::channel::<String>(64);
    let event = |text| Ok::<_, Infallible>(Event::default().data(text));
    let subscribed = sender.clone();
    let stream = move || {
        let rest = futures::stream::unfold(subscribed.subscribe(), |mut receiver| async {
            Some((receiver.recv().await.ok()?, receiver))
        });
        let hello = futures::stream::once(async { "hello".to_owned() });
        async move { Sse::new(hello.chain(rest).map(event)) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let app = Router::new().route("/", get(stream));
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    let median = median_ms((address, "/", "Accept: */*"), listeners, async |text| {
        let now = Instant::now();
        _ = sender.send(text);
        now
    });
    let median = median.await;
    server.abort();
    median
}

async fn holly_ms(folder: &Path, listeners: usize) -> f64 {
    let data_dir = folder.to_str().expect("UTF-8");
    let arguments = ["bench", "--max-streams=0", "--data-dir", data_dir];
    let command = Settings::augment_args(Command::new("bench"));
    let settings = Settings::from_arg_matches(&command.get_matches_from(arguments));
    let config = settings.expect("known arguments").check();
    let config = config.expect("the defaults are valid");
    let app = App::open(config, Clock::system(), Site::plain(folder)).await;
    let app = app.expect("a new folder can be opened");
    let (store, now) = (&app.store, app.clock.now());
    let account = identity::add_account(store, now, "ada@example.org", "correct horse", true).await;
    let user = account.expect("a new account").id;
    let key = identity::create_key(store, now, user, "bench").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let (routes, shutdown) = (
        router::router(app.clone(), holly::app::shell),
        app.shutdown.clone(),
    );
    tokio::spawn(listener::serve(
        listener,
        routes,
        ConnectionLimits::default(),
        Deadlines::default(),
        shutdown,
    ));
    let header = format!("Authorization: Bearer {}", key.expect("a new key"));
    let target = (address, "/api/work-log/stream", header.as_str());
    let median = median_ms(target, listeners, async |text| {
        let metadata = Metadata::default();
        let draft = EntryDraft::clipped(LogType::Info, "An entry", Some(text), metadata);
        let created = create_work_log(store, now, user, draft, Origin::default()).await;
        created.expect("it can be written");
        Instant::now()
    });
    let median = median.await;
    app.shutdown.cancel();
    median
}
