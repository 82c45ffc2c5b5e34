//! Two processes on one PostgreSQL: a commit in one wakes the readers of the other, by LISTEN or,
//! when that fails, by polling the revision heads; the text of a streaming answer reaches readers
//! of both.

use crate::{
    components::samples,
    domain::{Message, MessageStatus, Role, ids::UserId},
    server::{
        base::new_id,
        feed::{
            Feed, PartWriter,
            cluster::{Cluster, PollIntervals},
        },
        store::{Store, Subscription, answer_parts, messages},
    },
    tests::support::{
        databases::Postgres,
        people::{NOW, person, turn},
        within,
    },
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::AbortHandle;

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
        let (hints, parts) = (
            self.cluster.clone().notify(),
            self.cluster.clone().read_answers(),
        );
        self.tasks.extend([
            tokio::spawn(hints).abort_handle(),
            tokio::spawn(parts).abort_handle(),
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

    /// Begins a message that is being written.
    async fn begin(&self, user: UserId) -> Message {
        let turn = turn(&self.store, user).await;
        let mut message = Message {
            id: new_id::message(NOW),
            conversation_id: turn.conversation_id,
            turn_id: Some(turn.id),
            ..samples::message(1, Role::Assistant, MessageStatus::Streaming, "")
        };
        let mut tx = self.store.begin().await.unwrap();
        messages::insert(&mut tx, user, &mut message).await.unwrap();
        tx.commit().await.unwrap();
        message
    }

    /// Appends text to an answer, as a turn does.
    async fn append_text(&self, user: UserId, message: &Message, parts: &PartWriter, text: &str) {
        let answers = &self.feed.answers;
        answers
            .append(user, message.conversation_id, message.id, text)
            .await;
        self.store.wakeups().text(user);
        parts.grown();
    }

    fn part_writer(&self, user: UserId, message: &Message) -> PartWriter {
        PartWriter::start(&self.store, &self.feed, user, message.id)
    }

    /// Waits until a reader of this process gets this text of its only answer.
    async fn await_text(
        &self,
        user: UserId,
        woken: &mut Subscription,
        message: &Message,
        text: &str,
    ) {
        let read = || self.feed.answers.text_from(user, message.id, 0);
        let whole = async {
            while read().as_deref() != Some(text) {
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
async fn a_late_reader_in_another_process_gets_the_whole_answer_and_its_end() {
    let database = Postgres::create().await;
    let (one, other) = (
        Process::running(&database, "one").await,
        Process::running(&database, "other").await,
    );
    let ada = person(&database.store, "ada").await;
    let _turn_subscription = one.store.wakeups().subscribe(ada);
    await_listening(&one).await;
    let mut message = one.begin(ada).await;
    let parts = one.part_writer(ada, &message);
    let mut text = "Once upon a time. ".repeat(1_000);
    one.append_text(ada, &message, &parts, &text).await;
    let mut woken = other.store.wakeups().subscribe(ada);
    other.await_text(ada, &mut woken, &message, &text).await;
    for more in ["\n\n \"And\" then é", " the end."] {
        text.push_str(more);
        one.append_text(ada, &message, &parts, more).await;
        other.await_text(ada, &mut woken, &message, &text).await;
        database.kill_listeners().await;
    }
    let unsent = other.feed.answers.unsent(ada, None, &HashMap::new(), 9);
    assert_eq!(unsent[0].blocks.len(), 1, "its blocks are found here too");
    drop(parts);
    message.status = MessageStatus::Done;
    message.content = text;
    let mut tx = one.store.begin().await.unwrap();
    assert!(messages::update(&mut tx, ada, &mut message).await.unwrap());
    tx.commit().await.unwrap();
    other.cluster.read_parts(ada).await.unwrap();
    assert_eq!(other.feed.answers.text_from(ada, message.id, 0), None);
    one.stop().await;
    other.stop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notifications_polling_finds_parts_of_answers() {
    let database = Postgres::create().await;
    let one = Process::on(&database, &database.address(), "one", FAST_POLLING).await;
    let other = Process::on(&database, &database.address(), "other", FAST_POLLING).await;
    let (ada, bob) = (
        person(&database.store, "ada").await,
        person(&database.store, "bob").await,
    );
    let mut woken = other.store.wakeups().subscribe(ada);
    let (message, unread) = (one.begin(ada).await, one.begin(bob).await);
    let outbox = other.store.wakeups().outbox();
    assert_eq!(
        outbox.next_unread().await,
        HashSet::from([ada]),
        "by its stream"
    );
    for (user, message) in [(ada, &message), (bob, &unread)] {
        let mut tx = one.store.begin().await.unwrap();
        let appended = answer_parts::append(&mut tx, user, message.id, 0, "Once");
        assert!(appended.await.unwrap());
        tx.commit().await.unwrap();
    }
    other.cluster.check_heads().await.unwrap();
    assert_eq!(outbox.next_unread().await, HashSet::from([ada]));
    other.cluster.read_parts(ada).await.unwrap();
    other.await_text(ada, &mut woken, &message, "Once").await;
    one.stop().await;
    other.stop().await;
    database.drop().await;
}
