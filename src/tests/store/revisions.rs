//! With many concurrent writers, readers never see a gap: a reader that has seen revision n has
//! seen every revision up to n.

use crate::{
    domain::{Change, RemovedKind, ids::UserId},
    server::{
        base::new_id,
        chat::create_conversation,
        store::{Store, changes, conversations, heads, removed},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, person},
        random::TestRng,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{sync::Barrier, task::JoinSet};

const WRITERS: u64 = 64;
const WRITES_EACH: u64 = 2;
const USERS: usize = 4;
/// Each user's last revision; the first one is the creation of their conversation.
const FINAL_REVISION: i64 = 1 + (WRITERS * WRITES_EACH * 2) as i64 / USERS as i64;

on_both_databases! {
    async fn readers_see_no_gap_in_an_owners_revisions_while_many_write(store: Store) {
        let mut users = Vec::new();
        for n in 0..USERS {
            let user = person(&store, &format!("user{n}")).await;
            create_conversation(&store, NOW, user, "Conversation")
                .await
                .unwrap();
            users.push(user);
        }
        let finished = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = users
            .iter()
            .map(|user| tokio::spawn(follow(store.clone(), *user, finished.clone())))
            .collect();
        write_all(&store, &users).await;
        finished.store(true, Ordering::SeqCst);
        for (reader, user) in readers.into_iter().zip(users) {
            assert_eq!(reader.await.unwrap(), FINAL_REVISION);
            assert_eq!(
                heads::find(&mut store.read().await.unwrap(), user)
                    .await
                    .unwrap()
                    .head,
                FINAL_REVISION
            );
        }
    }
}

async fn write_all(store: &Store, users: &[UserId]) {
    let start = Arc::new(Barrier::new(WRITERS as usize));
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let (store, start, user) = (store.clone(), start.clone(), users[n as usize % USERS]);
        writers.spawn(async move {
            let mut rng = TestRng::new(n);
            start.wait().await;
            for _ in 0..WRITES_EACH {
                rng.yield_randomly(20).await;
                write(&store, user, &mut rng).await;
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
}

/// Takes two revisions in one transaction and yields to other tasks in between.
async fn write(store: &Store, user: UserId, rng: &mut TestRng) {
    let mut tx = store.begin().await.unwrap();
    rng.yield_randomly(10).await;
    removed::record(
        &mut tx,
        NOW,
        user,
        RemovedKind::Entry,
        new_id::entry(NOW).uuid(),
    )
    .await
    .unwrap();
    rng.yield_randomly(50).await;
    removed::record(
        &mut tx,
        NOW,
        user,
        RemovedKind::Message,
        new_id::message(NOW).uuid(),
    )
    .await
    .unwrap();
    rng.yield_randomly(50).await;
    tx.commit().await.unwrap();
}

/// Reads from its cursor until all is written; every page must continue where the last one ended.
async fn follow(store: Store, user: UserId, finished: Arc<AtomicBool>) -> i64 {
    let mut cursor = 0;
    loop {
        let is_last = finished.load(Ordering::SeqCst);
        let page = changes::after(&mut store.connection().await.unwrap(), user, cursor)
            .await
            .unwrap();
        let revs: Vec<_> = page.rows.iter().map(Change::rev).collect();
        assert_eq!(
            revs,
            (cursor + 1..=page.upto).collect::<Vec<_>>(),
            "a gap above {cursor}"
        );
        cursor = page.upto;
        if is_last && !page.more {
            return cursor;
        }
        tokio::task::yield_now().await;
    }
}

on_both_databases! {
    async fn concurrent_updates_of_a_conversation_lose_no_change(store: Store) {
        let ada = person(&store, "ada").await;
        let conversation = create_conversation(&store, NOW, ada, "0").await.unwrap();
        let mut writers = JoinSet::new();
        for n in 0..16_u64 {
            let store = store.clone();
            writers.spawn(async move {
                let mut tx = store.begin().await.unwrap();
                TestRng::new(n).yield_randomly(20).await;
                tx.lock(ada).await.unwrap();
                let mut conversation = conversations::find(&mut tx, ada, conversation.id)
                    .await
                    .unwrap()
                    .unwrap();
                TestRng::new(n).yield_randomly(20).await;
                conversation.title = (conversation.title.parse::<u32>().unwrap() + 1).to_string();
                conversations::update(&mut tx, ada, &mut conversation)
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        let conversation =
            conversations::find(&mut store.read().await.unwrap(), ada, conversation.id)
                .await
                .unwrap()
                .unwrap();
        assert_eq!((conversation.title.as_str(), conversation.rev), ("16", 17));
    }
}
