//! A rolling restart with many readers, a thousand in a hunt: all come back, nothing is lost.

use super::{
    cluster::{Cluster, Database},
    home::within,
    hunt::cases,
    reader::Reader,
};
use reqwest::{Client, Method};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::{sync::watch, task::JoinSet};

const SERVERS: usize = 3;
const STREAMS_EACH: usize = 10;

/// A thousand sockets are more than many machines let a process open at first.
fn raise_the_limit_on_open_files() {
    let me = std::process::id().to_string();
    // where it cannot be raised it may be high enough already; if not, the test says so
    drop(
        std::process::Command::new("prlimit")
            .args(["--pid", &me, "--nofile=8192:"])
            .status(),
    );
}

/// Writes for everybody, over and over, until told that the restarts are over; then once more.
/// Returns how often.
async fn write(
    people: usize,
    callers: impl Fn(usize) -> super::home::Caller,
    restarts: watch::Receiver<bool>,
) -> usize {
    for round in 0.. {
        let last = *restarts.borrow();
        for person in 0..people {
            let title = if last {
                "the last".to_owned()
            } else {
                format!("round {round}")
            };
            let body = json!({ "logType": "info", "status": "info", "title": title });
            let written = within("a write to be taken", async {
                loop {
                    let caller = callers(person);
                    let request = caller
                        .request(Method::POST, "/api/work-log/create")
                        .header("idempotency-key", format!("{round}"));
                    if let Some((status, _)) = caller.tries(request.json(&body)).await
                        && status == 201
                    {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            });
            written.await;
        }
        if last {
            return round + 1;
        }
    }
    unreachable!("it writes until the restarts are over")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_readers_are_back_after_a_rolling_restart_and_miss_nothing() {
    raise_the_limit_on_open_files();
    let people = cases(20, 100) as usize;
    let database = Database::create().await;
    let mut cluster = Cluster::start(SERVERS, people, &database.url(), &database.url()).await;
    let (opened, mut open) = watch::channel(0);
    let (mut readers, client) = (JoinSet::new(), Client::new());
    for reader in 0..people * STREAMS_EACH {
        let (key, bases, client, opened) = (
            cluster.keys[reader / STREAMS_EACH].clone(),
            cluster.bases.clone(),
            client.clone(),
            opened.clone(),
        );
        let is_open = AtomicBool::new(false);
        let enough = move |reader: &Reader| {
            if reader.first().is_some() && !is_open.swap(true, Ordering::Relaxed) {
                opened.send_modify(|count| *count += 1);
            }
            reader.has_entry("the last")
        };
        let follow = Reader::default().follow(client, key, bases, reader % SERVERS, enough);
        readers.spawn(async move { (reader / STREAMS_EACH, follow.await) });
    }
    within(
        "every stream to open",
        open.wait_for(|count| *count == people * STREAMS_EACH),
    )
    .await
    .unwrap();
    let (over, restarts) = watch::channel(false);
    let (keys, bases, writing) = (cluster.keys.clone(), cluster.bases.clone(), client.clone());
    let callers = move |person: usize| super::home::Caller {
        base: bases.lock().unwrap()[person % SERVERS].clone(),
        client: writing.clone(),
        key: keys[person].clone(),
    };
    let writer = tokio::spawn(write(people, callers, restarts));
    for server in 0..SERVERS {
        cluster.restart(server).await;
    }
    over.send_replace(true);
    let mut came_back = 0;
    let mut counts = vec![Vec::new(); people];
    while let Some(followed) = readers.join_next().await {
        let (person, reader) = followed.unwrap();
        counts[person].push((reader.first().unwrap(), reader.all("entry").count()));
        came_back += usize::from(reader.returns > 0);
    }
    let rounds = writer.await.unwrap();
    for (person, readers) in counts.iter().enumerate() {
        let listed = cluster.caller(person, 0).entries().await;
        assert_eq!(listed.len(), rounds);
        for (first, count) in readers {
            let expected = listed
                .iter()
                .filter(|entry| entry["rev"].as_i64() > Some(*first))
                .count();
            assert_eq!(
                *count, expected,
                "everything after the cursor it began with, once"
            );
        }
    }
    assert!(
        came_back > 0,
        "nobody was cut off: the test has lost its teeth"
    );
    drop(cluster);
    database.drop().await;
}
