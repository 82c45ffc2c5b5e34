//! From process to process: how long an entry written at one server takes to be a frame at another, with LISTEN and by the
//! look at the heads alone, beside a bare NOTIFY in the same run. Two real servers on one PostgreSQL; prints figures and
//! asserts nothing about time.
//!
//! `make bench`, or `.ci/services cargo bench --features ssr --bench processes`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(clippy::unwrap_used, reason = "a benchmark may end there")]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/process/cluster.rs"]
mod cluster;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/process/home.rs"]
mod home;

use cluster::{Cluster, Database};
use home::Caller;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, PgConnection, postgres::PgListener};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

const WARM_UP: usize = 20;
const WITH_LISTEN: usize = 300;
const BY_THE_LOOK: usize = 200;
/// Entries are written so far apart where the look alone finds them, so that they fall anywhere between two looks.
const APART: Duration = Duration::from_millis(53);

#[tokio::main]
async fn main() {
    if std::env::var("HOLLY_TEST_POSTGRES").is_err() {
        println!(
            "from process to process: not measured, for there is no PostgreSQL; .ci/services starts one"
        );
        return;
    }
    println!("from process to process, milliseconds        p50      p99     most");
    let database = Database::create().await;
    say(
        "a bare NOTIFY, from statement to listener",
        bare(&database).await,
    );
    let cluster = Cluster::start(2, 1, &database.url(), &database.url()).await;
    say(
        "with LISTEN, from request to frame",
        measured(&cluster, WITH_LISTEN, Duration::ZERO).await,
    );
    drop(cluster);
    database.drop().await;
    let database = Database::create().await;
    database.drop_every_notify().await;
    let cluster = Cluster::start(2, 1, &database.url(), &database.url()).await;
    say(
        "by the look alone, from request to frame",
        measured(&cluster, BY_THE_LOOK, APART).await,
    );
    drop(cluster);
    database.drop().await;
}

fn say(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| {
        took[((took.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1_000.0
    };
    println!(
        "{what:<42} {:>8.2} {:>8.2} {:>8.2}   ({} times)",
        at(0.5),
        at(0.99),
        at(1.0),
        took.len()
    );
}

async fn bare(database: &Database) -> Vec<Duration> {
    let mut listener = PgListener::connect(&database.url()).await.unwrap();
    listener.listen("bare").await.unwrap();
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    let mut took = Vec::new();
    for number in 0..WARM_UP + WITH_LISTEN {
        let began = Instant::now();
        sqlx::query("select pg_notify('bare', $1)")
            .bind(number.to_string())
            .execute(&mut connection)
            .await
            .unwrap();
        listener.recv().await.unwrap();
        if number >= WARM_UP {
            took.push(began.elapsed());
        }
    }
    took
}

/// Writes at the first server, reads at the second. `apart` is how long is waited between two writes; with zero each waits
/// for the one before to arrive.
async fn measured(cluster: &Cluster, entries: usize, apart: Duration) -> Vec<Duration> {
    let (writer, reader) = (cluster.caller(0, 0), cluster.caller(0, 1));
    let (seen, mut arrivals) = mpsc::unbounded_channel();
    tokio::spawn(read(reader, seen));
    arrivals.recv().await.unwrap();
    // LISTEN has been heard to work, or given up, by now
    tokio::time::sleep(Duration::from_secs(7)).await;
    let (mut began, mut took) = (HashMap::new(), Vec::new());
    for number in 0..WARM_UP + entries {
        began.insert(number, Instant::now());
        write(&writer, number).await;
        if apart.is_zero() {
            let (number, at) = arrivals.recv().await.unwrap();
            took.push(at.duration_since(began[&number]));
        } else {
            tokio::time::sleep(apart).await;
        }
    }
    while took.len() < WARM_UP + entries {
        let (number, at) = arrivals.recv().await.unwrap();
        took.push(at.duration_since(began[&number]));
    }
    took.split_off(WARM_UP)
}

async fn write(writer: &Caller, number: usize) {
    let body = json!({ "logType": "info", "status": "info", "title": format!("number {number}.") });
    let (status, answer) = writer
        .tries(
            writer
                .request(Method::POST, "/api/work-log/create")
                .json(&body),
        )
        .await
        .unwrap();
    assert_eq!(status, 201, "{answer}");
}

/// Tells when each numbered entry arrives; first that the stream is open.
async fn read(reader: Caller, seen: mpsc::UnboundedSender<(usize, Instant)>) {
    let mut response = reader
        .request(Method::GET, "/api/work-log/stream")
        .send()
        .await
        .unwrap();
    let (mut text, mut next) = (String::new(), 0);
    let mut opened = false;
    while let Ok(Some(bytes)) = response.chunk().await {
        let now = Instant::now();
        text.push_str(&String::from_utf8_lossy(&bytes));
        if !std::mem::replace(&mut opened, true) {
            _ = seen.send((0, now));
        }
        while let Some(at) = text.find(&format!("number {next}.")) {
            text.drain(..at);
            _ = seen.send((next, now));
            next += 1;
        }
    }
}
