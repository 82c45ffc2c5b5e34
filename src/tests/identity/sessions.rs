//! Sessions: they slide while they are used, end when they are not, and only their hash is stored.

use crate::{
    domain::time::DAY_MS,
    server::{
        identity::{begin_session, check_session, end_all_sessions, end_session},
        store::sessions,
    },
    tests::support::{
        databases::{Sqlite, on_both_databases},
        people::{NOW, person},
    },
};

const LIFE: i64 = 30 * DAY_MS;

on_both_databases! {
    async fn a_session_ends_when_it_was_not_used_for_thirty_days(store: Store) {
        let ada = person(&store, "ada").await;
        let token = begin_session(&store, NOW, ada, "Firefox").await.unwrap();
        assert_eq!(check_session(&store, NOW, "another").await.unwrap(), None);
        assert_eq!(check_session(&store, NOW.plus(LIFE), &token).await.unwrap(), None);
        assert_eq!(check_session(&store, NOW.plus(LIFE - 1), &token).await.unwrap(), Some(ada));
        assert_eq!(check_session(&store, NOW.plus(2 * LIFE - 2), &token).await.unwrap(), Some(ada), "using it moved its end");
    }

    async fn use_is_noted_seldom(store: Store) {
        let ada = person(&store, "ada").await;
        let token = begin_session(&store, NOW, ada, "Firefox").await.unwrap();
        let commits = || store.counters().commits.load(std::sync::atomic::Ordering::Relaxed);
        let before = commits();
        check_session(&store, NOW.plus(599_999), &token).await.unwrap();
        assert_eq!(commits(), before);
        check_session(&store, NOW.plus(600_000), &token).await.unwrap();
        assert_eq!(commits(), before + 1);
    }

    async fn signing_out_ends_one_session_and_everywhere_ends_all_of_one_person(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let mut tokens = Vec::new();
        for user in [ada, ada, ada, bob] {
            tokens.push(begin_session(&store, NOW, user, "Firefox").await.unwrap());
        }
        let left = async || {
            let mut left = Vec::new();
            for token in &tokens {
                left.push(check_session(&store, NOW, token).await.unwrap().is_some());
            }
            left
        };
        let woken = store.wakeups().subscribe(ada);
        end_session(&store, bob, &tokens[0]).await.unwrap();
        assert_eq!(left().await, [true; 4], "only its owner ends a session");
        assert!(!woken.has_changed().unwrap());
        end_session(&store, ada, &tokens[0]).await.unwrap();
        assert_eq!(left().await, [false, true, true, true]);
        assert_eq!(woken.borrow().access, 1, "open streams look again");
        end_all_sessions(&store, ada).await.unwrap();
        assert_eq!(left().await, [false, false, false, true]);
        assert_eq!(woken.borrow().access, 2);
    }

    async fn sessions_that_ran_out_are_forgotten(store: Store) {
        let ada = person(&store, "ada").await;
        begin_session(&store, NOW, ada, "old").await.unwrap();
        let lives = begin_session(&store, NOW.plus(1), ada, "new").await.unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(sessions::delete_expired(&mut tx, NOW.plus(LIFE)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(check_session(&store, NOW.plus(LIFE), &lives).await.unwrap(), Some(ada));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_hold_no_token() {
    let database = Sqlite::create().await;
    let ada = person(&database.store, "ada").await;
    let token = begin_session(&database.store, NOW, ada, "Firefox on a lighthouse")
        .await
        .unwrap();
    assert!(
        database.occurrences("Firefox on a lighthouse") > 0,
        "the session is there"
    );
    assert_eq!(database.occurrences(&token), 0);
}
