//! Three servers on one PostgreSQL: whatever is lost between them, every reader of every one ends
//! with the same rows, each once; a server that dies takes nothing with it.

use super::{
    cluster::{Cluster, Database, home},
    home::{Caller, Home, Starting, within},
    hunt::cases,
    reader::Reader,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const SERVERS: usize = 3;
/// Entries that each person writes, one after the other, each time at the next server.
const WRITES: usize = 4;
/// What a person writes last.
const LAST: &str = "that was all";

async fn answers(
    caller: &Caller,
    method: Method,
    path: &str,
    body: &Value,
    expected: u16,
) -> Value {
    let (status, answer) = caller
        .tries(caller.request(method, path).json(body))
        .await
        .expect("the server lives");
    assert_eq!(status, expected, "{path}: {answer}");
    answer
}

async fn creates(caller: &Caller, title: &str, status: &str) -> String {
    let body = json!({ "logType": "tool_call", "status": status, "title": title });
    answers(caller, Method::POST, "/api/work-log/create", &body, 201).await["log"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Somebody who begins work at one server and ends it at the next.
async fn writes(callers: Vec<Caller>, person: usize) {
    for n in 0..WRITES {
        let (here, there) = (
            &callers[(person + n) % callers.len()],
            &callers[(person + n + 1) % callers.len()],
        );
        let id = creates(here, &format!("work {n}"), "working").await;
        answers(
            there,
            Method::PATCH,
            &format!("/api/work-log/{id}"),
            &json!({ "status": "success" }),
            200,
        )
        .await;
    }
    creates(&callers[person % callers.len()], LAST, "info").await;
}

/// So many people write at every server and read at every server, while `meanwhile` happens; all
/// end with the same rows.
async fn everybody_writes_and_reads_everywhere<M: Future<Output = ()>>(
    cluster: &Cluster,
    meanwhile: M,
) {
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for person in 0..cluster.keys.len() {
        let callers: Vec<Caller> = (0..SERVERS)
            .map(|server| cluster.caller(person, server))
            .collect();
        for (server, caller) in callers.iter().enumerate() {
            let (client, key, bases) = (
                caller.client.clone(),
                caller.key.clone(),
                cluster.bases.clone(),
            );
            let all_seen = |reader: &Reader| reader.has_entry(LAST);
            let mut reader = Reader::default();
            reader.start_at(&caller.gets("/api/work-log/list?limit=1").await);
            readers.spawn(async move {
                (
                    person,
                    reader.follow(client, key, bases, server, all_seen).await,
                )
            });
        }
        writers.spawn(writes(callers, person));
    }
    meanwhile.await;
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    let mut read = 0;
    while let Some(followed) = readers.join_next().await {
        let (person, reader) = followed.unwrap();
        let mut seen: Vec<Value> = reader.all("entry").cloned().collect();
        let mut listed = cluster.caller(person, read % SERVERS).entries().await;
        assert_eq!(listed.len(), WRITES + 1);
        for rows in [&mut seen, &mut listed] {
            rows.sort_by_key(|row| row["id"].to_string());
        }
        assert_eq!(seen, listed);
        read += 1;
    }
    assert_eq!(read, cluster.keys.len() * SERVERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_people_see_the_same_on_three_servers_while_their_connections_are_killed() {
    let database = Database::create().await;
    let people = cases(40, 200) as usize;
    let cluster = Cluster::start(SERVERS, people, &database.url(), &database.url()).await;
    let kills = async {
        for _ in 0..3 {
            let killed = within("somebody to listen", async {
                loop {
                    match database.kill_listeners().await {
                        0 => tokio::task::yield_now().await,
                        killed => return killed,
                    }
                }
            });
            assert!(killed.await > 0);
        }
    };
    everybody_writes_and_reads_everywhere(&cluster, kills).await;
    drop(cluster);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_every_notify_is_lost_the_look_at_the_heads_brings_everything() {
    let database = Database::create().await;
    database.drop_every_notify().await;
    let cluster = Cluster::start(SERVERS, 20, &database.url(), &database.url()).await;
    everybody_writes_and_reads_everywhere(&cluster, async {}).await;
    drop(cluster);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_by_transaction_everything_works() {
    let database = Database::create().await;
    let cluster = Cluster::start(SERVERS, 40, &database.pooled_url(), &database.url()).await;
    everybody_writes_and_reads_everywhere(&cluster, async {}).await;
    let (here, there) = (cluster.caller(0, 0), cluster.caller(0, 1));
    let place = begins(&here).await;
    says(&here, &place, "Write a note: buy lamp oil").await;
    let asked = within("a question", async {
        loop {
            let asks = |entry: &Value| entry["metadata"]["approval"]["state"] == "waiting";
            if let Some(entry) = there.entries().await.into_iter().find(asks) {
                return entry;
            }
        }
    })
    .await;
    let path = format!(
        "/api/conversations/{place}/approvals/{}",
        asked["id"].as_str().unwrap()
    );
    answers(
        &there,
        Method::POST,
        &path,
        &json!({ "decision": "once" }),
        200,
    )
    .await;
    let last = ended(&there, &place).await;
    assert_eq!(last["status"], "done");
    drop(cluster);
    database.drop().await;
}

async fn begins(caller: &Caller) -> String {
    answers(caller, Method::POST, "/api/conversations", &json!({}), 201).await["conversation"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn says(caller: &Caller, place: &str, content: &str) {
    answers(
        caller,
        Method::POST,
        &format!("/api/conversations/{place}/messages"),
        &json!({ "content": content }),
        202,
    )
    .await;
}

/// The last message of a conversation, once nothing runs there.
async fn ended(caller: &Caller, place: &str) -> Value {
    within("the end of a turn", async {
        loop {
            let read =
                caller.gets(&format!("/api/conversations/{place}")).await["conversation"].clone();
            if read["runningTurnId"].is_null() {
                return read["messages"].as_array().unwrap().last().unwrap().clone();
            }
            let cursor = caller.gets("/api/work-log/list?limit=1").await["cursor"]
                .as_str()
                .unwrap()
                .to_owned();
            caller
                .gets(&format!("/api/work-log/list?after={cursor}&wait=5"))
                .await;
        }
    })
    .await
}

/// A turn that died with its server: settled, told to its reader without gap or double, and asked
/// again elsewhere.
fn is_settled(reader: &Reader) -> bool {
    reader
        .all("message")
        .any(|message| message["status"] == "interrupted")
        && reader
            .all("conversation")
            .any(|conversation| conversation["runningTurnId"].is_null())
        && reader
            .all("entry")
            .all(|entry| entry["status"] != "working")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_of_turns_leaves_nothing_that_spins() {
    let database = Database::create().await;
    let mut cluster = Cluster::unhurried(SERVERS, 8, &database.url()).await;
    let (mut seeing, mut readers, mut places) = (JoinSet::new(), JoinSet::new(), Vec::new());
    for person in 0..cluster.keys.len() {
        let (here, there) = (cluster.caller(person, 0), cluster.caller(person, 1));
        let mut reader = Reader::default();
        reader.start_at(&here.gets("/api/work-log/list?limit=1").await);
        let follow = reader.follow(
            here.client.clone(),
            here.key.clone(),
            cluster.bases.clone(),
            0,
            is_settled,
        );
        readers.spawn(follow);
        let place = begins(&here).await;
        // words seen on another server: the turn is in its middle
        let has_words = |reader: &Reader| reader.texts.values().any(|text| text.len() > 20);
        seeing.spawn(Reader::default().follow(
            there.client.clone(),
            there.key.clone(),
            cluster.bases.clone(),
            1,
            has_words,
        ));
        says(&here, &place, "Tell me something long, slowly").await;
        places.push(place);
    }
    while let Some(seen) = seeing.join_next().await {
        seen.unwrap();
    }
    cluster.kill(0);
    while let Some(followed) = readers.join_next().await {
        let reader = followed.unwrap();
        assert!(
            reader.returns > 0
                && reader
                    .all("entry")
                    .any(|entry| entry["metadata"]["interrupted"] == true)
        );
    }
    for (person, place) in places.iter().enumerate() {
        let there = cluster.caller(person, 1);
        assert_eq!(ended(&there, place).await["status"], "interrupted");
        says(&there, place, "Hello").await;
    }
    for (person, place) in places.iter().enumerate() {
        let there = cluster.caller(person, 1);
        assert_eq!(ended(&there, place).await["status"], "done");
    }
    drop(cluster);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_on_an_empty_database_all_serve() {
    let database = Database::create().await;
    let homes: Vec<Home> = (0..5)
        .map(|_| home(&database.url(), &database.url()))
        .collect();
    let started: Vec<_> = homes.iter().map(Home::begin).collect();
    let servers = tokio::task::spawn_blocking(|| {
        started
            .into_iter()
            .map(Starting::serves)
            .collect::<Vec<_>>()
    })
    .await
    .unwrap();
    for server in &servers {
        let ready = server
            .caller
            .client
            .get(format!("{}/readyz", server.caller.base))
            .send()
            .await
            .unwrap();
        assert_eq!(ready.status(), 200);
    }
    let (once, again) = (
        "select count(*) from _sqlx_migrations where success",
        "select count(distinct version) from _sqlx_migrations",
    );
    assert!(database.number(once).await > 0);
    assert_eq!(database.number(once).await, database.number(again).await);
    assert_eq!(
        database
            .number("select count(*) from meta where name = 'epoch'")
            .await,
        1
    );
    drop(servers);
    database.drop().await;
}
