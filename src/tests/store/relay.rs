//! Two processes on one PostgreSQL: what one commits wakes the readers of the other, by LISTEN or, when that is lost, by a
//! look at the heads.

use crate::{
    ids::UserId,
    server::store::{Relay, Store, Subscription},
    tests::support::{databases::Postgres, people::person, within},
};
use std::sync::atomic::Ordering;
use tokio::task::AbortHandle;

/// Another process on the same database.
async fn another(database: &Postgres) -> Store {
    Store::open(&database.address()).await.unwrap()
}

async fn commit(store: &Store, user: UserId) -> i64 {
    let mut tx = store.begin().await.unwrap();
    let rev = tx.next_rev(user).await.unwrap();
    tx.commit().await.unwrap();
    rev
}

async fn hears_of(woken: &mut Subscription, rev: i64) {
    within("a wake-up", woken.wait_for(|wake| wake.rev >= rev)).await.unwrap();
}

/// Runs these tasks until the test is over.
struct Running(Vec<AbortHandle>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_commits_wakes_the_other_and_a_killed_connection_comes_back() {
    let database = Postgres::create().await;
    let (here, there) = (database.store.clone(), another(&database).await);
    let ada = person(&here, "ada").await;
    let (teller, hearer) = (Relay::new(here.clone(), &database.address(), "here"), Relay::new(there.clone(), &database.address(), "there"));
    let running = Running(vec![tokio::spawn(teller.tell()).abort_handle(), tokio::spawn(hearer.hear()).abort_handle()]);
    let mut woken = there.wakeups().subscribe(ada);
    for _ in 0..3 {
        hears_of(&mut woken, commit(&here, ada).await).await;
    }
    here.wakeups().access(ada);
    within("a word about access", woken.wait_for(|wake| wake.access == 1)).await.unwrap();
    database.kill_listeners().await;
    hears_of(&mut woken, commit(&here, ada).await).await;
    drop(running);
    there.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_hint_a_look_at_the_heads_finds_it() {
    let database = Postgres::create().await;
    let (here, there) = (database.store.clone(), another(&database).await);
    let (ada, bob) = (person(&here, "ada").await, person(&here, "bob").await);
    let relay = Relay::new(there.clone(), &database.address(), "there");
    let reads = there.counters().reads.load(Ordering::Relaxed);
    relay.look().await.unwrap();
    assert_eq!(there.counters().reads.load(Ordering::Relaxed), reads, "nobody listens, so nothing is asked");
    let (mut woken, not_woken) = (there.wakeups().subscribe(ada), there.wakeups().subscribe(bob));
    let rev = commit(&here, ada).await;
    relay.look().await.unwrap();
    hears_of(&mut woken, rev).await;
    assert!(!not_woken.has_changed().unwrap() || not_woken.borrow().rev == 0);
    there.close().await;
    database.drop().await;
}
