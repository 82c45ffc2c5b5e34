//! Two processes on one PostgreSQL: a commit in one wakes the readers of the other, by LISTEN or,
//! when that fails, by polling the revision heads; the text of a streaming answer reaches readers
//! of both.

use crate::{
    domain::ids::{ConversationId, MessageId, UserId},
    server::{
        feed::{
            Feed,
            cluster::{Cluster, PollIntervals},
        },
        store::{ListenConnection, Store, Subscription},
    },
    tests::support::{databases::Postgres, people::person, within},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::AbortHandle;
use uuid::Uuid;

const FAST_POLLING: PollIntervals = PollIntervals {
    listening: Duration::from_millis(100),
    polling: Duration::from_millis(20),
};

/// A process on a database, with its cluster connection.
struct Process {
    store: Store,
    feed: Arc<Feed>,
    cluster: Cluster,
    tasks: Vec<AbortHandle>,
}

impl Process {
    async fn on(
        database: &Postgres,
        listen_url: &str,
        name: &str,
        intervals: PollIntervals,
    ) -> Self {
        let store = Store::open(&database.address()).await.unwrap();
        let feed = Arc::<Feed>::default();
        let cluster = Cluster::new(store.clone(), feed.clone(), listen_url, name, intervals);
        Self {
            store,
            feed,
            cluster,
            tasks: Vec::new(),
        }
    }

    /// The same, with its sending and receiving tasks running.
    async fn running(database: &Postgres, name: &str) -> Self {
        let mut process = Self::on(
            database,
            &database.address(),
            name,
            PollIntervals::default(),
        )
        .await;
        process.start_sending();
        process.start_receiving();
        process
    }

    fn start_sending(&mut self) {
        let (hints, words) = (
            self.cluster.clone().notify(),
            self.cluster.clone().notify_answers(),
        );
        self.tasks.extend([
            tokio::spawn(hints).abort_handle(),
            tokio::spawn(words).abort_handle(),
        ]);
    }

    fn start_receiving(&mut self) {
        let (listen, poll) = (self.cluster.clone().listen(), self.cluster.clone().poll());
        self.tasks.extend([
            tokio::spawn(listen).abort_handle(),
            tokio::spawn(poll).abort_handle(),
        ]);
    }

    async fn commit(&self, user: UserId) -> i64 {
        let mut tx = self.store.begin().await.unwrap();
        let rev = tx.next_rev(user).await.unwrap();
        tx.commit().await.unwrap();
        rev
    }

    /// Appends text to an answer, as a turn does.
    fn append_text(&self, user: UserId, message: MessageId, text: &str) {
        self.feed
            .answers
            .append(user, conversation(), message, text);
        self.store.wakeups().text(user);
    }

    /// Waits until a reader of this process gets this text of its only answer.
    async fn await_text(&self, user: UserId, woken: &mut Subscription, text: &str) {
        let read = || {
            self.feed
                .answers
                .unseen(user, None, &HashMap::new())
                .pop()
                .map(|(_, offset, text)| (offset, text))
        };
        let whole = async {
            while read() != Some((0, text.to_owned())) {
                woken.changed().await.unwrap();
            }
        };
        within(text, whole).await;
    }

    async fn stop(self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.store.close().await;
    }
}

fn conversation() -> ConversationId {
    ConversationId::from_uuid(Uuid::from_u128(1))
}

fn message(number: u128) -> MessageId {
    MessageId::from_uuid(Uuid::from_u128(number))
}

async fn await_revision(woken: &mut Subscription, rev: i64) {
    within("a wake-up", woken.wait_for(|wake| wake.rev >= rev))
        .await
        .unwrap();
}

async fn await_listening(process: &Process) {
    within(
        "LISTEN to work",
        process
            .cluster
            .listening()
            .wait_for(|is_listening| *is_listening),
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_wake_other_processes_and_killed_listeners_reconnect() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::running(&database, "one").await,
        Process::running(&database, "other").await,
    );
    let ada = person(&database.store, "ada").await;
    let mut woken = other.store.wakeups().subscribe(ada);
    for _ in 0..3 {
        await_revision(&mut woken, one.commit(ada).await).await;
    }
    one.store.wakeups().access(ada);
    within(
        "an access notification",
        woken.wait_for(|wake| wake.access == 1),
    )
    .await
    .unwrap();
    await_listening(&other).await;
    let mut is_listening = other.cluster.listening();
    database.kill_listeners().await;
    within(
        "the loss to be noticed",
        is_listening.wait_for(|is_listening| !is_listening),
    )
    .await
    .unwrap();
    await_revision(&mut woken, one.commit(ada).await).await;
    await_listening(&other).await;
    one.stop().await;
    other.stop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notifications_polling_the_heads_finds_commits() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::on(&database, &database.address(), "one", FAST_POLLING).await,
        Process::on(&database, &database.address(), "other", FAST_POLLING).await,
    );
    let (ada, bob) = (
        person(&database.store, "ada").await,
        person(&database.store, "bob").await,
    );
    let reads = || other.store.counters().reads.load(Ordering::Relaxed);
    let before = reads();
    other.cluster.check_heads().await.unwrap();
    assert_eq!(reads(), before, "without subscribers there is no query");
    let (mut woken, not_woken) = (
        other.store.wakeups().subscribe(ada),
        other.store.wakeups().subscribe(bob),
    );
    let rev = one.commit(ada).await;
    other.cluster.check_heads().await.unwrap();
    await_revision(&mut woken, rev).await;
    assert!(!not_woken.has_changed().unwrap() || not_woken.borrow().rev == 0);
    one.stop().await;
    other.stop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listen_connection_that_receives_nothing_is_not_trusted() {
    let (database, elsewhere) = (Postgres::create().await, Postgres::create().await);
    let mut one = Process::on(&database, &database.address(), "one", FAST_POLLING).await;
    let mut deaf = Process::on(&database, &elsewhere.address(), "deaf", FAST_POLLING).await;
    one.start_sending();
    deaf.start_sending();
    deaf.start_receiving();
    let ada = person(&database.store, "ada").await;
    let mut woken = deaf.store.wakeups().subscribe(ada);
    for _ in 0..20 {
        await_revision(&mut woken, one.commit(ada).await).await;
    }
    assert!(!*deaf.cluster.listening().borrow());
    one.stop().await;
    deaf.stop().await;
    elsewhere.drop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_readers_neither_listen_nor_polling_runs() {
    let database = Postgres::create().await;
    let mut process = Process::on(&database, &database.address(), "one", FAST_POLLING).await;
    process.start_sending();
    process.start_receiving();
    let ada = person(&database.store, "ada").await;
    let woken = process.store.wakeups().subscribe(ada);
    await_listening(&process).await;
    let mut is_listening = process.cluster.listening();
    drop(woken);
    within(
        "LISTEN to end",
        is_listening.wait_for(|is_listening| !is_listening),
    )
    .await
    .unwrap();
    within("its connection to end", database.until_listening(0)).await;
    let reads = process.store.counters().reads.load(Ordering::Relaxed);
    tokio::time::sleep(FAST_POLLING.polling * 5).await;
    assert_eq!(
        process.store.counters().reads.load(Ordering::Relaxed),
        reads,
        "no query is made"
    );
    let _woken = process.store.wakeups().subscribe(ada);
    await_listening(&process).await;
    process.stop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_reader_in_another_process_gets_the_whole_answer() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::running(&database, "one").await,
        Process::running(&database, "other").await,
    );
    let ada = person(&database.store, "ada").await;
    let _turn_subscription = one.store.wakeups().subscribe(ada);
    await_listening(&one).await;
    let long = "Once upon a time. ".repeat(1_000);
    one.append_text(ada, message(1), &long);
    let mut woken = other.store.wakeups().subscribe(ada);
    other.await_text(ada, &mut woken, &long).await;
    one.append_text(ada, message(1), "\0 \"And\" then é");
    other
        .await_text(ada, &mut woken, &format!("{long}\0 \"And\" then é"))
        .await;
    database.kill_listeners().await;
    one.append_text(ada, message(1), " the end.");
    other
        .await_text(
            ada,
            &mut woken,
            &format!("{long}\0 \"And\" then é the end."),
        )
        .await;
    one.stop().await;
    other.stop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_readers_elsewhere_is_not_sent() {
    let database = Postgres::create().await;
    let one = Process::on(&database, &database.address(), "one", FAST_POLLING).await;
    let ada = person(&database.store, "ada").await;
    let mut listener = ListenConnection::open(&database.address(), &["holly_answers"])
        .await
        .unwrap();
    one.append_text(ada, message(1), "Hello");
    one.cluster
        .notify_grown(&HashSet::from([ada]))
        .await
        .unwrap();
    one.store
        .notify(&[("holly_answers", "that was all".to_owned())])
        .await
        .unwrap();
    assert_eq!(
        within("a notification", listener.next())
            .await
            .unwrap()
            .unwrap()
            .payload,
        "that was all"
    );
    one.stop().await;
    database.drop().await;
}
