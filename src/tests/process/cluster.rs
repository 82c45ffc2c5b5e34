//! Several servers on one PostgreSQL, and people with keys on all of them.

use super::home::{Caller, Home, Server};
use holly::{
    domain::Account,
    server::{
        base::{clock::Clock, new_id},
        identity::create_key,
        store::{Store, users},
    },
};
use reqwest::Client;
use sqlx::{AnyConnection, Connection};
use std::sync::{Arc, Mutex};

/// A fresh database, which goes with the test that succeeds.
pub struct Database {
    cluster: String,
    name: String,
}

impl Database {
    /// Makes one in the cluster of `HOLLY_TEST_POSTGRES`; nothing is in it.
    pub async fn create() -> Self {
        let cluster = std::env::var("HOLLY_TEST_POSTGRES")
            .expect("HOLLY_TEST_POSTGRES is not set; run `make test`");
        let name = format!(
            "holly_test_{}",
            new_id::user(Clock::system().now())
                .to_string()
                .replace('-', "")
        );
        execute(
            &cluster,
            &format!("create database {name} template template0 encoding 'utf8'"),
        )
        .await;
        Self { cluster, name }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("{}/{}", self.cluster.rsplit_once('/').unwrap().0, self.name)
    }

    /// Its address through a pooler that gives out connections by transaction.
    pub fn pooled_url(&self) -> String {
        let pooler = std::env::var("HOLLY_TEST_PGBOUNCER")
            .expect("HOLLY_TEST_PGBOUNCER is not set; run `make test`");
        format!("{}/{}", pooler.rsplit_once('/').unwrap().0, self.name)
    }

    /// Runs a statement in it.
    pub async fn execute(&self, sql: &str) {
        execute(&self.url(), sql).await;
    }

    /// A number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = connect(&self.url()).await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Ends every connection that listens for hints, and says how many there were.
    pub async fn kill_listeners(&self) -> i64 {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'";
        self.number(sql).await
    }

    /// From now on what is told with NOTIFY is told to nobody, and nobody is told so.
    pub async fn drop_every_notify(&self) {
        let deaf = "create function public.pg_notify(text, text) returns text language sql as 'select null::text'";
        self.execute(deaf).await;
        self.execute(&format!(
            "alter database {} set search_path = public, pg_catalog",
            self.name
        ))
        .await;
    }

    /// Takes it away.
    pub async fn drop(self) {
        execute(
            &self.cluster,
            &format!("drop database {} with (force)", self.name),
        )
        .await;
    }
}

async fn connect(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(url)
        .await
        .expect("the cluster of HOLLY_TEST_POSTGRES answers")
}

async fn execute(url: &str, sql: &str) {
    let mut connection = connect(url).await;
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Where servers are now; readers ask there.
pub type Bases = Arc<Mutex<Vec<String>>>;

/// Servers that share a database.
pub struct Cluster {
    homes: Vec<Home>,
    pub servers: Vec<Server>,
    pub bases: Bases,
    /// The keys of the people.
    pub keys: Vec<String>,
    client: Client,
}

impl Cluster {
    /// So many servers at this address of a database, whose other address is past any pooler, and
    /// so many people.
    pub async fn start(servers: usize, people: usize, url: &str, direct: &str) -> Self {
        Self::of(
            (0..servers).map(|_| home(url, direct)).collect(),
            people,
            direct,
        )
        .await
    }

    /// The same whose demo model writes as slowly as it does for people.
    pub async fn unhurried(servers: usize, people: usize, url: &str) -> Self {
        let mut homes: Vec<Home> = (0..servers).map(|_| home(url, url)).collect();
        homes
            .iter_mut()
            .for_each(|home| home.settings.push(("HOLLY_DEMO_PACE", "1".to_owned())));
        Self::of(homes, people, url).await
    }

    async fn of(homes: Vec<Home>, people: usize, direct: &str) -> Self {
        let keys = people_with_keys(direct, people).await;
        let started: Vec<_> = homes.iter().map(Home::begin).collect();
        let servers: Vec<Server> = started
            .into_iter()
            .map(super::home::Starting::serves)
            .collect();
        let bases = servers
            .iter()
            .map(|server| server.caller.base.clone())
            .collect();
        Self {
            homes,
            servers,
            bases: Arc::new(Mutex::new(bases)),
            keys,
            client: Client::new(),
        }
    }

    /// A person's calls to a server.
    pub fn caller(&self, person: usize, server: usize) -> Caller {
        let base = self.bases.lock().unwrap()[server].clone();
        Caller {
            base,
            client: self.client.clone(),
            key: self.keys[person].clone(),
        }
    }

    /// Tells a server to end, waits until it has, and starts it anew somewhere else. Readers are
    /// sent to the others meanwhile.
    pub async fn restart(&mut self, server: usize) {
        let other = self.bases.lock().unwrap()[(server + 1) % self.servers.len()].clone();
        self.bases.lock().unwrap()[server] = other;
        let ending = self.servers.remove(server);
        assert_eq!(ending.terminate().await.code(), Some(0));
        let home = self.homes.remove(server);
        let (home, started) = tokio::task::spawn_blocking(move || {
            let started = home.serve();
            (home, started)
        })
        .await
        .unwrap();
        self.bases.lock().unwrap()[server] = started.caller.base.clone();
        self.homes.insert(server, home);
        self.servers.insert(server, started);
    }

    /// Kills a server without warning. Readers are sent to the others.
    pub fn kill(&mut self, server: usize) {
        let other = self.bases.lock().unwrap()[(server + 1) % self.servers.len()].clone();
        self.bases.lock().unwrap()[server] = other;
        self.servers.remove(server).kill();
    }
}

/// A data folder whose server shares a database.
pub fn home(url: &str, direct: &str) -> Home {
    let mut home = Home::empty();
    home.settings = vec![
        ("DATABASE_URL", url.to_owned()),
        ("HOLLY_MAX_STREAMS", "0".to_owned()),
    ];
    if url != direct {
        home.settings
            .push(("DATABASE_LISTEN_URL", direct.to_owned()));
    }
    home
}

/// Accounts without a password, for hashing one takes its time, and their keys.
async fn people_with_keys(url: &str, people: usize) -> Vec<String> {
    let (store, now) = (Store::open(url).await.unwrap(), Clock::system().now());
    let mut keys = Vec::new();
    for person in 0..people {
        let account = Account {
            id: new_id::user(now),
            email: format!("person{person}@example.org"),
            is_admin: false,
        };
        let mut tx = store.begin().await.unwrap();
        assert!(users::insert(&mut tx, now, &account, "none").await.unwrap());
        tx.commit().await.unwrap();
        keys.push(create_key(&store, now, account.id, "a test").await.unwrap());
    }
    store.close().await;
    keys
}
