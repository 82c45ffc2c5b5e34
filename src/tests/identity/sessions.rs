//! Sessions: use extends them, disuse ends them, and only their hash is stored.

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

const LIFETIME_MS: i64 = 30 * DAY_MS;

on_both_databases! {
    async fn a_session_expires_after_thirty_days_without_use(store: Store) {
        let ada = person(&store, "ada").await;
        let token = begin_session(&store, NOW, ada, "Firefox").await.unwrap();
        assert_eq!(check_session(&store, NOW, "another").await.unwrap(), None);
        assert_eq!(
            check_session(&store, NOW.plus(LIFETIME_MS), &token)
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            check_session(&store, NOW.plus(LIFETIME_MS - 1), &token)
                .await
                .unwrap(),
            Some(ada)
        );
        assert_eq!(
            check_session(&store, NOW.plus(2 * LIFETIME_MS - 2), &token)
                .await
                .unwrap(),
            Some(ada),
            "use extends the session"
        );
    }

    async fn use_is_recorded_at_most_every_ten_minutes(store: Store) {
        let ada = person(&store, "ada").await;
        let token = begin_session(&store, NOW, ada, "Firefox").await.unwrap();
        let commits = || {
            store
                .counters()
                .commits
                .load(std::sync::atomic::Ordering::Relaxed)
        };
        let before = commits();
        check_session(&store, NOW.plus(599_999), &token)
            .await
            .unwrap();
        assert_eq!(commits(), before);
        check_session(&store, NOW.plus(600_000), &token)
            .await
            .unwrap();
        assert_eq!(commits(), before + 1);
    }

    async fn sign_out_ends_one_session_and_sign_out_everywhere_all_of_a_user(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let mut tokens = Vec::new();
        for user in [ada, ada, ada, bob] {
            tokens.push(begin_session(&store, NOW, user, "Firefox").await.unwrap());
        }
        let valid = async || {
            let mut valid = Vec::new();
            for token in &tokens {
                valid.push(check_session(&store, NOW, token).await.unwrap().is_some());
            }
            valid
        };
        let woken = store.wakeups().subscribe(ada);
        end_session(&store, bob, &tokens[0]).await.unwrap();
        assert_eq!(valid().await, [true; 4], "only its owner can end a session");
        assert!(!woken.has_changed().unwrap());
        end_session(&store, ada, &tokens[0]).await.unwrap();
        assert_eq!(valid().await, [false, true, true, true]);
        assert_eq!(woken.borrow().access, 1, "open streams check access again");
        end_all_sessions(&store, ada).await.unwrap();
        assert_eq!(valid().await, [false, false, false, true]);
        assert_eq!(woken.borrow().access, 2);
    }

    async fn expired_sessions_are_deleted(store: Store) {
        let ada = person(&store, "ada").await;
        begin_session(&store, NOW, ada, "old").await.unwrap();
        let valid = begin_session(&store, NOW.plus(1), ada, "new")
            .await
            .unwrap();
        let mut tx = store.begin().await.unwrap();
        assert_eq!(
            sessions::delete_expired(&mut tx, NOW.plus(LIFETIME_MS))
                .await
                .unwrap(),
            1
        );
        tx.commit().await.unwrap();
        assert_eq!(
            check_session(&store, NOW.plus(LIFETIME_MS), &valid)
                .await
                .unwrap(),
            Some(ada)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_files_contain_no_session_token() {
    let database = Sqlite::create().await;
    let ada = person(&database.store, "ada").await;
    let token = begin_session(&database.store, NOW, ada, "Firefox on a lighthouse")
        .await
        .unwrap();
    assert!(
        database.occurrences("Firefox on a lighthouse") > 0,
        "the row of the session is stored"
    );
    assert_eq!(database.occurrences(&token), 0);
}
