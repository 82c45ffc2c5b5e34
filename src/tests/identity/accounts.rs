//! Accounts: the first one is created only once; a password signs in to its own account only.

use crate::{
    server::{
        base::{clock::Clock, error::Error},
        identity::{AccountError, Credentials, add_account, sign_in, sign_up_first},
        limits::Attempts,
    },
    tests::support::{
        databases::{Postgres, on_both_databases},
        people::NOW,
    },
};

const PASSWORD: &str = "a lighthouse at dusk";

fn credentials(email: &str, password: &str) -> Credentials {
    Credentials {
        email: email.to_owned(),
        password: password.to_owned(),
        from: "192.0.2.1".to_owned(),
    }
}

on_both_databases! {
    async fn the_first_account_is_created_once_and_is_admin(store: Store) {
        let ada = sign_up_first(&store, NOW, " Ada@Example.org ", PASSWORD)
            .await
            .unwrap();
        assert_eq!(
            (ada.email.as_str(), ada.is_admin),
            ("ada@example.org", true)
        );
        let second = sign_up_first(&store, NOW, "bob@example.org", PASSWORD).await;
        assert!(matches!(second, Err(AccountError::NotFirst)), "{second:?}");
    }

    async fn one_of_four_concurrent_first_sign_ups_succeeds(store: Store) {
        let mut sign_ups = tokio::task::JoinSet::new();
        for n in 0..4 {
            let store = store.clone();
            sign_ups.spawn(async move {
                sign_up_first(&store, NOW, &format!("p{n}@example.org"), PASSWORD)
                    .await
                    .is_ok()
            });
        }
        assert_eq!(
            sign_ups
                .join_all()
                .await
                .into_iter()
                .filter(|created| *created)
                .count(),
            1
        );
        let users: i64 = sqlx::query_scalar("select count(*) from users")
            .fetch_one(&mut *store.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(users, 1);
    }

    async fn email_addresses_are_unique_and_case_insensitive(store: Store) {
        add_account(&store, NOW, "ada@example.org", PASSWORD, false)
            .await
            .unwrap();
        for (email, password) in [
            ("ADA@example.org", PASSWORD),
            ("ada", PASSWORD),
            ("a b@c", PASSWORD),
            ("a\0@c", PASSWORD),
            ("bob@example.org", "short"),
        ] {
            let result = add_account(&store, NOW, email, password, false).await;
            assert!(
                matches!(result, Err(Error::Refused(_))),
                "{email}: {result:?}"
            );
        }
    }

    async fn a_password_signs_in_to_its_own_account_only(store: Store) {
        let attempts = Attempts::per_minute(0, &Clock::default());
        let ada = add_account(&store, NOW, "ada@example.org", PASSWORD, false)
            .await
            .unwrap();
        assert_eq!(
            sign_in(&store, &attempts, credentials(" ADA@example.org", PASSWORD))
                .await
                .unwrap(),
            ada
        );
        for (email, password) in [
            ("ada@example.org", "a lighthouse at dawn"),
            ("eve@example.org", PASSWORD),
            ("ada@example.org", ""),
            ("ada\0@example.org", PASSWORD),
        ] {
            let result = sign_in(&store, &attempts, credentials(email, password)).await;
            assert!(matches!(result, Err(AccountError::Wrong)), "{email}");
        }
    }

    async fn only_an_address_is_counted_as_an_account(store: Store) {
        let long = |length: usize| format!("{}@example.org", "a".repeat(length));
        for (email, keys) in [
            ("ada@example.org".to_owned(), 2),
            (long(242), 2),
            (long(243), 1),
            (long(120_000), 1),
            (" ".repeat(120_000), 1),
            (String::new(), 1),
            ("ada".to_owned(), 1),
            ("@".to_owned(), 1),
            ("a b@example.org".to_owned(), 1),
            ("a\0@example.org".to_owned(), 1),
        ] {
            let attempts = Attempts::per_minute(10, &Clock::default());
            let result = sign_in(&store, &attempts, credentials(&email, "")).await;
            let shown: String = email.chars().take(20).collect();
            assert!(matches!(result, Err(AccountError::Wrong)), "{shown:?}: {result:?}");
            assert_eq!(attempts.keys(), keys, "{shown:?}");
        }
    }

    async fn a_client_over_its_limit_counts_for_no_account(store: Store) {
        let attempts = Attempts::per_minute(1, &Clock::default());
        for (n, email) in ["ada@example.org", "bob@example.org", "bob@example.org"]
            .into_iter()
            .enumerate()
        {
            let result = sign_in(&store, &attempts, credentials(email, "guess")).await;
            let is_limited = matches!(result, Err(AccountError::TooOften(_)));
            assert_eq!((is_limited, attempts.keys()), (n > 0, 2), "{result:?}");
        }
    }

    async fn repeated_wrong_passwords_lock_an_account_for_a_while(store: Store) {
        let attempts = Attempts::per_minute(1, &Clock::default());
        add_account(&store, NOW, "ada@example.org", PASSWORD, false)
            .await
            .unwrap();
        assert!(matches!(
            sign_in(&store, &attempts, credentials("ada@example.org", "guess")).await,
            Err(AccountError::Wrong)
        ));
        let second = sign_in(
            &store,
            &attempts,
            Credentials {
                from: "192.0.2.2".into(),
                ..credentials("ada@example.org", PASSWORD)
            },
        )
        .await;
        assert!(
            matches!(second, Err(AccountError::TooOften(_))),
            "{second:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ups_on_postgres_create_one_first_account() {
    let database = Postgres::create().await;
    let mut blocker = database.store.begin().await.unwrap();
    sqlx::query("lock table users in share mode")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let mut sign_ups = tokio::task::JoinSet::new();
    for name in ["ada", "bob"] {
        let store = database.store.clone();
        sign_ups.spawn(async move {
            sign_up_first(&store, NOW, &format!("{name}@example.org"), PASSWORD)
                .await
                .is_ok()
        });
    }
    database.until_waiting(2).await;
    blocker.commit().await.unwrap();
    assert_eq!(
        sign_ups
            .join_all()
            .await
            .into_iter()
            .filter(|created| *created)
            .count(),
        1
    );
    database.drop().await;
}
