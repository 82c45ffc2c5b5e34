//! Many writers, and readers who never see a hole: whoever has seen revision n has seen everything
//! up to n.

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
        random::Chance,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{sync::Barrier, task::JoinSet};

const WRITERS: u64 = 64;
const ROUNDS: u64 = 2;
const PEOPLE: usize = 4;
/// Revisions of one person when all is written; the first is their conversation's beginning.
const FINAL: i64 = 1 + (WRITERS * ROUNDS * 2) as i64 / PEOPLE as i64;

on_both_databases! {
    async fn readers_see_a_prefix_of_each_owner_s_revisions_while_many_write(store: Store) {
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            let user = person(&store, &format!("person{n}")).await;
            create_conversation(&store, NOW, user, "Talk").await.unwrap();
            people.push(user);
        }
        let written = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = people.iter().map(|user| tokio::spawn(follow(store.clone(), *user, written.clone()))).collect();
        write_all(&store, &people).await;
        written.store(true, Ordering::SeqCst);
        for (reader, user) in readers.into_iter().zip(people) {
            assert_eq!(reader.await.unwrap(), FINAL);
            assert_eq!(heads::of(&mut store.read().await.unwrap(), user).await.unwrap().head, FINAL);
        }
    }
}

async fn write_all(store: &Store, people: &[UserId]) {
    let start = Arc::new(Barrier::new(WRITERS as usize));
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let (store, start, user) = (store.clone(), start.clone(), people[n as usize % PEOPLE]);
        writers.spawn(async move {
            let mut chance = Chance::seeded(n);
            start.wait().await;
            for _ in 0..ROUNDS {
                chance.dawdle(20).await;
                write(&store, user, &mut chance).await;
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
}

/// Two revisions in one transaction, with time for others between taking each and the commit.
async fn write(store: &Store, user: UserId, chance: &mut Chance) {
    let mut tx = store.begin().await.unwrap();
    chance.dawdle(10).await;
    removed::note(
        &mut tx,
        NOW,
        user,
        RemovedKind::Entry,
        new_id::entry(NOW).uuid(),
    )
    .await
    .unwrap();
    chance.dawdle(50).await;
    removed::note(
        &mut tx,
        NOW,
        user,
        RemovedKind::Message,
        new_id::message(NOW).uuid(),
    )
    .await
    .unwrap();
    chance.dawdle(50).await;
    tx.commit().await.unwrap();
}

/// Reads on from its cursor until all is written; every page must continue where the last one
/// ended.
async fn follow(store: Store, user: UserId, written: Arc<AtomicBool>) -> i64 {
    let mut cursor = 0;
    loop {
        let last = written.load(Ordering::SeqCst);
        let page = changes::after(&mut store.connection().await.unwrap(), user, cursor)
            .await
            .unwrap();
        let revs: Vec<_> = page.rows.iter().map(Change::rev).collect();
        assert_eq!(
            revs,
            (cursor + 1..=page.upto).collect::<Vec<_>>(),
            "a hole above {cursor}"
        );
        cursor = page.upto;
        if last && !page.more {
            return cursor;
        }
        tokio::task::yield_now().await;
    }
}

on_both_databases! {
    async fn a_conversation_changed_by_many_ends_as_the_last_of_them_left_it(store: Store) {
        let ada = person(&store, "ada").await;
        let talk = create_conversation(&store, NOW, ada, "0").await.unwrap();
        let mut writers = JoinSet::new();
        for n in 0..16_u64 {
            let store = store.clone();
            writers.spawn(async move {
                let mut tx = store.begin().await.unwrap();
                Chance::seeded(n).dawdle(20).await;
                tx.lock(ada).await.unwrap();
                let mut talk = conversations::find(&mut tx, ada, talk.id).await.unwrap().unwrap();
                Chance::seeded(n).dawdle(20).await;
                talk.title = (talk.title.parse::<u32>().unwrap() + 1).to_string();
                conversations::update(&mut tx, ada, &mut talk).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        let talk = conversations::find(&mut store.read().await.unwrap(), ada, talk.id).await.unwrap().unwrap();
        assert_eq!((talk.title.as_str(), talk.rev), ("16", 17));
    }
}
