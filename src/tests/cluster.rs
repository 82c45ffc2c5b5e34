//! Two processes on one PostgreSQL: what one commits wakes the readers of the other, by LISTEN or,
//! when that is lost, by a look at the heads; and the words of an answer that grows on one are
//! heard on the other.

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

const QUICK: PollIntervals = PollIntervals {
    beat: Duration::from_millis(100),
    look: Duration::from_millis(20),
};

/// A process of its own on a database, with its relay at work.
struct Process {
    store: Store,
    feed: Arc<Feed>,
    cluster: Cluster,
    tasks: Vec<AbortHandle>,
}

impl Process {
    async fn on(database: &Postgres, listen_url: &str, name: &str, pace: PollIntervals) -> Self {
        let store = Store::open(&database.address()).await.unwrap();
        let feed = Arc::<Feed>::default();
        let cluster = Cluster::new(store.clone(), feed.clone(), listen_url, name, pace);
        Self {
            store,
            feed,
            cluster,
            tasks: Vec::new(),
        }
    }

    /// The same, telling and hearing.
    async fn at_work(database: &Postgres, name: &str) -> Self {
        let mut process = Self::on(
            database,
            &database.address(),
            name,
            PollIntervals::default(),
        )
        .await;
        process.tells();
        process.hears();
        process
    }

    fn tells(&mut self) {
        let (hints, words) = (
            self.cluster.clone().tell(),
            self.cluster.clone().tell_words(),
        );
        self.tasks.extend([
            tokio::spawn(hints).abort_handle(),
            tokio::spawn(words).abort_handle(),
        ]);
    }

    fn hears(&mut self) {
        let (hear, watch) = (self.cluster.clone().hear(), self.cluster.clone().watch());
        self.tasks.extend([
            tokio::spawn(hear).abort_handle(),
            tokio::spawn(watch).abort_handle(),
        ]);
    }

    async fn commits(&self, user: UserId) -> i64 {
        let mut tx = self.store.begin().await.unwrap();
        let rev = tx.next_rev(user).await.unwrap();
        tx.commit().await.unwrap();
        rev
    }

    /// Adds text to an answer, as a turn does.
    fn writes(&self, user: UserId, message: MessageId, text: &str) {
        self.feed.answers.append(user, here(), message, text);
        self.store.wakeups().text(user);
    }

    /// Waits until a reader of this process would be given this text of its only answer.
    async fn reads(&self, user: UserId, woken: &mut Subscription, text: &str) {
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

    async fn ends(self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.store.close().await;
    }
}

fn here() -> ConversationId {
    ConversationId::from_uuid(Uuid::from_u128(1))
}

fn message(number: u128) -> MessageId {
    MessageId::from_uuid(Uuid::from_u128(number))
}

async fn hears_of(woken: &mut Subscription, rev: i64) {
    within("a wake-up", woken.wait_for(|wake| wake.rev >= rev))
        .await
        .unwrap();
}

async fn works(process: &Process) {
    within(
        "LISTEN to work",
        process.cluster.hears().wait_for(|hears| *hears),
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_commits_wakes_the_other_and_a_killed_connection_comes_back() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::at_work(&database, "one").await,
        Process::at_work(&database, "other").await,
    );
    let ada = person(&database.store, "ada").await;
    let mut woken = other.store.wakeups().subscribe(ada);
    for _ in 0..3 {
        hears_of(&mut woken, one.commits(ada).await).await;
    }
    one.store.wakeups().access(ada);
    within(
        "a word about access",
        woken.wait_for(|wake| wake.access == 1),
    )
    .await
    .unwrap();
    works(&other).await;
    let mut hears = other.cluster.hears();
    database.kill_listeners().await;
    within("the loss to be noticed", hears.wait_for(|hears| !hears))
        .await
        .unwrap();
    hears_of(&mut woken, one.commits(ada).await).await;
    works(&other).await;
    one.ends().await;
    other.ends().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_hint_a_look_at_the_heads_finds_it() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::on(&database, &database.address(), "one", QUICK).await,
        Process::on(&database, &database.address(), "other", QUICK).await,
    );
    let (ada, bob) = (
        person(&database.store, "ada").await,
        person(&database.store, "bob").await,
    );
    let reads = || other.store.counters().reads.load(Ordering::Relaxed);
    let before = reads();
    other.cluster.check_heads().await.unwrap();
    assert_eq!(reads(), before, "nobody listens, so nothing is asked");
    let (mut woken, not_woken) = (
        other.store.wakeups().subscribe(ada),
        other.store.wakeups().subscribe(bob),
    );
    let rev = one.commits(ada).await;
    other.cluster.check_heads().await.unwrap();
    hears_of(&mut woken, rev).await;
    assert!(!not_woken.has_changed().unwrap() || not_woken.borrow().rev == 0);
    one.ends().await;
    other.ends().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listen_connection_that_is_deaf_is_not_relied_upon() {
    let (database, elsewhere) = (Postgres::create().await, Postgres::create().await);
    let mut one = Process::on(&database, &database.address(), "one", QUICK).await;
    let mut deaf = Process::on(&database, &elsewhere.address(), "deaf", QUICK).await;
    one.tells();
    deaf.tells();
    deaf.hears();
    let ada = person(&database.store, "ada").await;
    let mut woken = deaf.store.wakeups().subscribe(ada);
    for _ in 0..20 {
        hears_of(&mut woken, one.commits(ada).await).await;
    }
    assert!(!*deaf.cluster.hears().borrow());
    one.ends().await;
    deaf.ends().await;
    elsewhere.drop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_listens_any_more_neither_listen_nor_look_is_left() {
    let database = Postgres::create().await;
    let mut process = Process::on(&database, &database.address(), "one", QUICK).await;
    process.tells();
    process.hears();
    let ada = person(&database.store, "ada").await;
    let woken = process.store.wakeups().subscribe(ada);
    works(&process).await;
    let mut hears = process.cluster.hears();
    drop(woken);
    within("LISTEN to end", hears.wait_for(|hears| !hears))
        .await
        .unwrap();
    within("its connection to end", database.until_listening(0)).await;
    let reads = process.store.counters().reads.load(Ordering::Relaxed);
    tokio::time::sleep(QUICK.look * 5).await;
    assert_eq!(
        process.store.counters().reads.load(Ordering::Relaxed),
        reads,
        "nothing is asked"
    );
    let _woken = process.store.wakeups().subscribe(ada);
    works(&process).await;
    process.ends().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_joins_late_elsewhere_is_given_the_words_from_their_beginning() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::at_work(&database, "one").await,
        Process::at_work(&database, "other").await,
    );
    let ada = person(&database.store, "ada").await;
    let _turn = one.store.wakeups().subscribe(ada);
    works(&one).await;
    let long = "Once upon a time. ".repeat(1_000);
    one.writes(ada, message(1), &long);
    let mut woken = other.store.wakeups().subscribe(ada);
    other.reads(ada, &mut woken, &long).await;
    one.writes(ada, message(1), "\0 \"And\" then é");
    other
        .reads(ada, &mut woken, &format!("{long}\0 \"And\" then é"))
        .await;
    database.kill_listeners().await;
    one.writes(ada, message(1), " the end.");
    other
        .reads(
            ada,
            &mut woken,
            &format!("{long}\0 \"And\" then é the end."),
        )
        .await;
    one.ends().await;
    other.ends().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_of_an_answer_that_nobody_wants_elsewhere() {
    let database = Postgres::create().await;
    let one = Process::on(&database, &database.address(), "one", QUICK).await;
    let ada = person(&database.store, "ada").await;
    let mut ear = ListenConnection::open(&database.address(), &["holly_answers"])
        .await
        .unwrap();
    one.writes(ada, message(1), "Hello");
    one.cluster.tell_grown(&HashSet::from([ada])).await.unwrap();
    one.store
        .notify(&[("holly_answers", "that was all".to_owned())])
        .await
        .unwrap();
    assert_eq!(
        within("a word", ear.next()).await.unwrap().unwrap().payload,
        "that was all"
    );
    one.ends().await;
    database.drop().await;
}
