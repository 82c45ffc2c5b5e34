//! Several servers on one PostgreSQL: every reader of every server gets the same rows, each once,
//! even if notifications are lost; a server that dies loses nothing.

use super::{
    cluster::{Cluster, Database, home},
    home::{Caller, Home, StartingServer, within},
    hunt::cases,
    reader::Reader,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const SERVERS: usize = 3;
/// Entries per user, each written through the next server.
const WRITES_EACH: usize = 4;
const LAST_TITLE: &str = "the last entry";

async fn send(caller: &Caller, method: Method, path: &str, body: &Value, expected: u16) -> Value {
    let (status, answer) = caller
        .tries(caller.request(method, path).json(body))
        .await
        .expect("the server lives");
    assert_eq!(status, expected, "{path}: {answer}");
    answer
}

async fn create(caller: &Caller, title: &str, status: &str) -> String {
    let body = json!({ "logType": "tool_call", "status": status, "title": title });
    send(caller, Method::POST, "/api/work-log/create", &body, 201).await["log"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Creates each entry on one server and completes it on the next.
async fn write_entries(callers: Vec<Caller>, user: usize) {
    for n in 0..WRITES_EACH {
        let (first, second) = (
            &callers[(user + n) % callers.len()],
            &callers[(user + n + 1) % callers.len()],
        );
        let id = create(first, &format!("work {n}"), "working").await;
        send(
            second,
            Method::PATCH,
            &format!("/api/work-log/{id}"),
            &json!({ "status": "success" }),
            200,
        )
        .await;
    }
    create(&callers[user % callers.len()], LAST_TITLE, "info").await;
}

/// Every user writes and reads on every server while `meanwhile` runs. Checks that all readers get
/// the same rows.
async fn check_all_readers_agree<M: Future<Output = ()>>(cluster: &Cluster, meanwhile: M) {
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for user in 0..cluster.keys.len() {
        let callers: Vec<Caller> = (0..SERVERS)
            .map(|server| cluster.caller(user, server))
            .collect();
        for (server, caller) in callers.iter().enumerate() {
            let (client, key, bases) = (
                caller.client.clone(),
                caller.key.clone(),
                cluster.bases.clone(),
            );
            let all_seen = |reader: &Reader| reader.has_entry(LAST_TITLE);
            let mut reader = Reader::default();
            reader.start_at(&caller.gets("/api/work-log/list?limit=1").await);
            readers.spawn(async move {
                (
                    user,
                    reader.follow(client, key, bases, server, all_seen).await,
                )
            });
        }
        writers.spawn(write_entries(callers, user));
    }
    meanwhile.await;
    while let Some(written) = writers.join_next().await {
        written.unwrap();
    }
    let mut read = 0;
    while let Some(followed) = readers.join_next().await {
        let (user, reader) = followed.unwrap();
        let mut seen: Vec<Value> = reader.all("entry").cloned().collect();
        let mut listed = cluster.caller(user, read % SERVERS).entries().await;
        assert_eq!(listed.len(), WRITES_EACH + 1);
        for rows in [&mut seen, &mut listed] {
            rows.sort_by_key(|row| row["id"].to_string());
        }
        assert_eq!(seen, listed);
        read += 1;
    }
    assert_eq!(read, cluster.keys.len() * SERVERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_three_servers_agree_while_listeners_are_killed() {
    let database = Database::create().await;
    let users = cases(40, 200) as usize;
    let cluster = Cluster::start(SERVERS, users, &database.url(), &database.url()).await;
    let kills = async {
        for _ in 0..3 {
            let killed = within("a listening connection", async {
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
    check_all_readers_agree(&cluster, kills).await;
    drop(cluster);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_notifications_polling_the_heads_delivers_everything() {
    let database = Database::create().await;
    database.drop_every_notify().await;
    let cluster = Cluster::start(SERVERS, 20, &database.url(), &database.url()).await;
    check_all_readers_agree(&cluster, async {}).await;
    drop(cluster);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_behind_a_transaction_pooler() {
    let database = Database::create().await;
    let cluster = Cluster::start(SERVERS, 40, &database.pooled_url(), &database.url()).await;
    check_all_readers_agree(&cluster, async {}).await;
    let (first, second) = (cluster.caller(0, 0), cluster.caller(0, 1));
    let conversation = create_conversation(&first).await;
    send_message(&first, &conversation, "Write a note: buy lamp oil").await;
    let approval = within("an approval", async {
        loop {
            let is_waiting = |entry: &Value| entry["metadata"]["approval"]["state"] == "waiting";
            if let Some(entry) = second.entries().await.into_iter().find(is_waiting) {
                return entry;
            }
        }
    })
    .await;
    let path = format!(
        "/api/conversations/{conversation}/approvals/{}",
        approval["id"].as_str().unwrap()
    );
    send(
        &second,
        Method::POST,
        &path,
        &json!({ "decision": "once" }),
        200,
    )
    .await;
    let last = last_message_of_ended_turn(&second, &conversation).await;
    assert_eq!(last["status"], "done");
    drop(cluster);
    database.drop().await;
}

async fn create_conversation(caller: &Caller) -> String {
    send(caller, Method::POST, "/api/conversations", &json!({}), 201).await["conversation"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn send_message(caller: &Caller, conversation: &str, content: &str) {
    send(
        caller,
        Method::POST,
        &format!("/api/conversations/{conversation}/messages"),
        &json!({ "content": content }),
        202,
    )
    .await;
}

/// Waits until no turn runs in a conversation; returns its last message.
async fn last_message_of_ended_turn(caller: &Caller, conversation: &str) -> Value {
    within("the end of a turn", async {
        loop {
            let read = caller
                .gets(&format!("/api/conversations/{conversation}"))
                .await["conversation"]
                .clone();
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

/// Whether the reader has seen that a turn was interrupted and everything of it is settled.
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
async fn turns_of_a_killed_server_are_settled_by_another_server() {
    let database = Database::create().await;
    let mut cluster = Cluster::start_slow(SERVERS, 8, &database.url()).await;
    let (mut watchers, mut readers, mut conversations) =
        (JoinSet::new(), JoinSet::new(), Vec::new());
    for user in 0..cluster.keys.len() {
        let (first, second) = (cluster.caller(user, 0), cluster.caller(user, 1));
        let mut reader = Reader::default();
        reader.start_at(&first.gets("/api/work-log/list?limit=1").await);
        let follow = reader.follow(
            first.client.clone(),
            first.key.clone(),
            cluster.bases.clone(),
            0,
            is_settled,
        );
        readers.spawn(follow);
        let conversation = create_conversation(&first).await;
        // text seen through another server: the turn is running
        let has_text = |reader: &Reader| reader.text_bytes.values().any(|bytes| *bytes > 20);
        watchers.spawn(Reader::default().follow(
            second.client.clone(),
            second.key.clone(),
            cluster.bases.clone(),
            1,
            has_text,
        ));
        send_message(&first, &conversation, "Tell me something long, slowly").await;
        conversations.push(conversation);
    }
    while let Some(seen) = watchers.join_next().await {
        seen.unwrap();
    }
    cluster.kill(0);
    while let Some(followed) = readers.join_next().await {
        let reader = followed.unwrap();
        assert!(
            reader.reconnects > 0
                && reader
                    .all("entry")
                    .any(|entry| entry["metadata"]["interrupted"] == true)
        );
    }
    for (user, conversation) in conversations.iter().enumerate() {
        let caller = cluster.caller(user, 1);
        assert_eq!(
            last_message_of_ended_turn(&caller, conversation).await["status"],
            "interrupted"
        );
        send_message(&caller, conversation, "Hello").await;
    }
    for (user, conversation) in conversations.iter().enumerate() {
        let caller = cluster.caller(user, 1);
        assert_eq!(
            last_message_of_ended_turn(&caller, conversation).await["status"],
            "done"
        );
    }
    drop(cluster);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_started_at_once_on_an_empty_database_all_serve() {
    let database = Database::create().await;
    let homes: Vec<Home> = (0..5)
        .map(|_| home(&database.url(), &database.url()))
        .collect();
    let started: Vec<_> = homes.iter().map(Home::start).collect();
    let servers = tokio::task::spawn_blocking(|| {
        started
            .into_iter()
            .map(StartingServer::wait)
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
    let (migrations, versions) = (
        "select count(*) from _sqlx_migrations where success",
        "select count(distinct version) from _sqlx_migrations",
    );
    assert!(database.number(migrations).await > 0);
    assert_eq!(
        database.number(migrations).await,
        database.number(versions).await
    );
    assert_eq!(
        database
            .number("select count(*) from meta where name = 'epoch'")
            .await,
        1
    );
    drop(servers);
    database.drop().await;
}
