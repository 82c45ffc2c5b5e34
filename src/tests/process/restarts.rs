//! A rolling restart with many readers, a thousand in `make hunt`: all reconnect and miss nothing.

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

/// A thousand sockets exceed the default limit of many machines.
fn raise_open_files_limit() {
    let pid = std::process::id().to_string();
    // if it cannot be raised, it may be high enough already
    drop(
        std::process::Command::new("prlimit")
            .args(["--pid", &pid, "--nofile=8192:"])
            .status(),
    );
}

/// Writes an entry per user, round by round, until the restarts are done, and once more. Returns
/// the number of rounds.
async fn write_rounds(
    users: usize,
    callers: impl Fn(usize) -> super::home::Caller,
    restarts_done: watch::Receiver<bool>,
) -> usize {
    for round in 0.. {
        let last = *restarts_done.borrow();
        for user in 0..users {
            let title = if last {
                "the last".to_owned()
            } else {
                format!("round {round}")
            };
            let body = json!({ "logType": "info", "status": "info", "title": title });
            let written = within("a write to succeed", async {
                loop {
                    let caller = callers(user);
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
    unreachable!("it writes until the restarts are done")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_during_a_rolling_restart() {
    raise_open_files_limit();
    let users = cases(20, 100) as usize;
    let database = Database::create().await;
    let mut cluster = Cluster::start(SERVERS, users, &database.url(), &database.url()).await;
    let (opened, mut open) = watch::channel(0);
    let (mut readers, client) = (JoinSet::new(), Client::new());
    for reader in 0..users * STREAMS_EACH {
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
        open.wait_for(|count| *count == users * STREAMS_EACH),
    )
    .await
    .unwrap();
    let (done, restarts_done) = watch::channel(false);
    let (keys, bases, client) = (cluster.keys.clone(), cluster.bases.clone(), client.clone());
    let callers = move |user: usize| super::home::Caller {
        base: bases.lock().unwrap()[user % SERVERS].clone(),
        client: client.clone(),
        key: keys[user].clone(),
    };
    let writer = tokio::spawn(write_rounds(users, callers, restarts_done));
    for server in 0..SERVERS {
        cluster.restart(server).await;
    }
    done.send_replace(true);
    let mut reconnected = 0;
    let mut counts = vec![Vec::new(); users];
    while let Some(followed) = readers.join_next().await {
        let (user, reader) = followed.unwrap();
        counts[user].push((reader.first().unwrap(), reader.all("entry").count()));
        reconnected += usize::from(reader.reconnects > 0);
    }
    let rounds = writer.await.unwrap();
    for (user, readers) in counts.iter().enumerate() {
        let listed = cluster.caller(user, 0).entries().await;
        assert_eq!(listed.len(), rounds);
        for (first, count) in readers {
            let expected = listed
                .iter()
                .filter(|entry| entry["rev"].as_i64() > Some(*first))
                .count();
            assert_eq!(*count, expected, "every entry after its first cursor, once");
        }
    }
    assert!(
        reconnected > 0,
        "no reader was disconnected: the test checks too little"
    );
    drop(cluster);
    database.drop().await;
}
