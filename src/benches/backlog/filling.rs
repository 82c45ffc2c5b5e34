//! A database with a backlog: entries of the last sixty days, about a hundred of each conversation and day, in turns of five as the
//! assistant's work comes.

use crate::entries::{self, corpus::Corpus};
use holly::{
    api::Account,
    ids::UserId,
    server::{
        chat::create_conversation,
        clock::Clock,
        new_id,
        store::{Store, users},
    },
    timestamp::{DAY_MS, Timestamp},
};
use std::path::Path;

const SEED: u64 = 4_711;
/// Days of the backlog: half of them are older than a warm entry gets.
const DAYS: i64 = 40;
const YOUNGEST: i64 = 10;
const PER_CONVERSATION_AND_DAY: usize = 100;
const PER_TURN: usize = 5;
const ROWS_AT_ONCE: usize = 1_000;

/// The address of the database in a folder.
pub fn address(folder: &Path) -> String {
    format!("sqlite://{}/holly.db", folder.display())
}

/// Writes it.
pub async fn fill(folder: &Path, entries: usize) {
    let store = Store::open(&address(folder))
        .await
        .expect("a database can be made");
    let now = Clock::system().now();
    let user = person(&store, now).await;
    let conversations = (entries / DAYS as usize / PER_CONVERSATION_AND_DAY).max(1);
    let mut places = Vec::new();
    for _ in 0..conversations {
        places.push(
            create_conversation(&store, now, user, "Talk")
                .await
                .expect("a conversation can be made")
                .id,
        );
    }
    let (mut corpus, per_day) = (Corpus::seeded(SEED), entries / DAYS as usize);
    for day in (YOUNGEST..YOUNGEST + DAYS).rev() {
        let midnight = Timestamp::from_millis((now.day() - day) * DAY_MS);
        for from in (0..per_day).step_by(ROWS_AT_ONCE) {
            let mut tx = store.begin().await.expect("a transaction begins");
            for n in from..per_day.min(from + ROWS_AT_ONCE) {
                let at = midnight.plus(n as i64 * (DAY_MS - 1) / per_day as i64);
                let place = Some(places[n / PER_TURN % conversations]);
                entries::write(
                    &mut tx,
                    entries::entry(new_id::entry(at), user, place, at, corpus.sample()),
                )
                .await;
            }
            tx.commit().await.expect("it is lasting");
        }
    }
    store
        .shrink()
        .await
        .expect("the log is written to the database");
    store.close().await;
}

/// Somebody who writes.
pub async fn person(store: &Store, now: Timestamp) -> UserId {
    let id = new_id::user(now);
    let account = Account {
        id,
        email: format!("{id}@example.org"),
        is_admin: false,
    };
    let mut tx = store.begin().await.expect("a transaction begins");
    users::insert(&mut tx, now, &account, "no password")
        .await
        .expect("an account can be made");
    tx.commit().await.expect("it is lasting");
    id
}
