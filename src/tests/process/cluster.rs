//! Several servers on one PostgreSQL, and users with API keys.

use super::home::{Caller, Home, Server};
use holly::{
    domain::{Account, Scopes},
    server::{
        base::{clock::Clock, new_id},
        identity::{NewKey, create_key},
        store::{Store, users},
    },
};
use reqwest::Client;
use sqlx::{AnyConnection, Connection};
use std::sync::{Arc, Mutex};

/// A fresh database.
pub struct Database {
    cluster: String,
    name: String,
}

impl Database {
    /// Creates an empty one in the cluster of `HOLLY_TEST_POSTGRES`.
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

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}/{}", self.cluster.rsplit_once('/').unwrap().0, self.name)
    }

    /// Its URL through a transaction pooler.
    pub fn pooled_url(&self) -> String {
        let pooler = std::env::var("HOLLY_TEST_PGBOUNCER")
            .expect("HOLLY_TEST_PGBOUNCER is not set; run `make test`");
        format!("{}/{}", pooler.rsplit_once('/').unwrap().0, self.name)
    }

    /// Runs a statement.
    pub async fn execute(&self, sql: &str) {
        execute(&self.url(), sql).await;
    }

    /// The number that a query returns.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = connect(&self.url()).await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Terminates every connection that listens for notifications; returns their number.
    pub async fn kill_listeners(&self) -> i64 {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid() \
                   and query ilike 'listen%'";
        self.number(sql).await
    }

    /// Makes every NOTIFY have no effect, silently.
    pub async fn drop_every_notify(&self) {
        let noop = "create function public.pg_notify(text, text) returns text \
                    language sql as 'select null::text'";
        self.execute(noop).await;
        self.execute(&format!(
            "alter database {} set search_path = public, pg_catalog",
            self.name
        ))
        .await;
    }

    /// Drops the database.
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
        .expect("the cluster of HOLLY_TEST_POSTGRES is unreachable")
}

async fn execute(url: &str, sql: &str) {
    let mut connection = connect(url).await;
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// The servers' current URLs.
pub type Bases = Arc<Mutex<Vec<String>>>;

/// Servers that share a database.
pub struct Cluster {
    homes: Vec<Home>,
    pub servers: Vec<Server>,
    pub bases: Bases,
    /// The users' API keys.
    pub keys: Vec<String>,
    client: Client,
}

impl Cluster {
    /// Starts servers on the database at `url` and creates users. `direct` is its URL without a
    /// pooler.
    pub async fn start(servers: usize, users: usize, url: &str, direct: &str) -> Self {
        Self::with_homes(
            (0..servers).map(|_| home(url, direct)).collect(),
            users,
            direct,
        )
        .await
    }

    /// The same with the demo model at its usual, slow pace.
    pub async fn start_slow(servers: usize, users: usize, url: &str) -> Self {
        let mut homes: Vec<Home> = (0..servers).map(|_| home(url, url)).collect();
        homes
            .iter_mut()
            .for_each(|home| home.settings.push(("HOLLY_DEMO_PACE", "1".to_owned())));
        Self::with_homes(homes, users, url).await
    }

    async fn with_homes(homes: Vec<Home>, users: usize, direct: &str) -> Self {
        let keys = create_users(direct, users).await;
        let started: Vec<_> = homes.iter().map(Home::start).collect();
        let servers: Vec<Server> = started
            .into_iter()
            .map(super::home::StartingServer::wait)
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

    /// A user's client of a server.
    pub fn caller(&self, user: usize, server: usize) -> Caller {
        let base = self.bases.lock().unwrap()[server].clone();
        Caller {
            base,
            client: self.client.clone(),
            key: self.keys[user].clone(),
        }
    }

    /// Terminates a server and starts it again on another port. Readers use another server
    /// meanwhile.
    pub async fn restart(&mut self, server: usize) {
        let other = self.bases.lock().unwrap()[(server + 1) % self.servers.len()].clone();
        self.bases.lock().unwrap()[server] = other;
        let stopping = self.servers.remove(server);
        assert_eq!(stopping.terminate().await.code(), Some(0));
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

    /// Kills a server. Readers use another one.
    pub fn kill(&mut self, server: usize) {
        let other = self.bases.lock().unwrap()[(server + 1) % self.servers.len()].clone();
        self.bases.lock().unwrap()[server] = other;
        self.servers.remove(server).kill();
    }
}

/// A data folder of a server on a shared database.
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

/// Creates accounts without a password, because hashing one is slow; returns their API keys.
async fn create_users(url: &str, users: usize) -> Vec<String> {
    let (store, now) = (Store::open(url).await.unwrap(), Clock::system().now());
    let mut keys = Vec::new();
    for user in 0..users {
        let account = Account {
            id: new_id::user(now),
            email: format!("user{user}@example.org"),
            is_admin: false,
        };
        let mut tx = store.begin().await.unwrap();
        assert!(users::insert(&mut tx, now, &account, "none").await.unwrap());
        tx.commit().await.unwrap();
        let key = NewKey {
            scopes: Scopes::ALL,
            ..NewKey::from("a test")
        };
        keys.push(create_key(&store, now, account.id, key).await.unwrap());
    }
    store.close().await;
    keys
}
