//! Accounts: the first one is created only once; a password signs in to its own account only.

use crate::{
    server::{
        base::{clock::Clock, digest::sha256_hex, error::Error},
        identity::{
            AccountError, Credentials, add_account, confirm_password, remember_browser, sign_in,
            sign_up_first,
        },
        limits::SignInLimits,
        store::known_browsers,
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
        browser: None,
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
        let attempts = SignInLimits::with([0; 3], &Clock::default());
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
            ("ada@example.org".to_owned(), [1, 1]),
            (long(242), [1, 1]),
            (long(243), [1, 0]),
            (long(120_000), [1, 0]),
            (" ".repeat(120_000), [1, 0]),
            (String::new(), [1, 0]),
            ("ada".to_owned(), [1, 0]),
            ("@".to_owned(), [1, 0]),
            ("a b@example.org".to_owned(), [1, 0]),
            ("a\0@example.org".to_owned(), [1, 0]),
        ] {
            let limits = SignInLimits::with([10; 3], &Clock::default());
            let result = sign_in(&store, &limits, credentials(&email, "")).await;
            let shown: String = email.chars().take(20).collect();
            assert!(matches!(result, Err(AccountError::Wrong)), "{shown:?}: {result:?}");
            assert_eq!(limits.keys(), keys, "{shown:?}");
        }
    }

    async fn a_network_over_its_limit_counts_for_no_account(store: Store) {
        let limits = SignInLimits::with([1, 5, 5], &Clock::default());
        for (n, email) in ["ada@example.org", "bob@example.org", "bob@example.org"]
            .into_iter()
            .enumerate()
        {
            let result = sign_in(&store, &limits, credentials(email, "guess")).await;
            let is_limited = matches!(result, Err(AccountError::TooOften(_)));
            assert_eq!((is_limited, limits.keys()), (n > 0, [1, 1]), "{result:?}");
        }
    }

    async fn wrong_passwords_of_others_do_not_lock_the_owner_out(store: Store) {
        // by network, by account, by known browser
        let limits = SignInLimits::with([2, 5, 1], &Clock::default());
        let ada = add_account(&store, NOW, "ada@example.org", PASSWORD, false)
            .await
            .unwrap();
        let cookie = remember_browser(&store, NOW, ada.id, None).await.unwrap();
        let mut outcomes = Vec::new();
        for (from, password, browser) in [
            ("198.51.100.1", "guess", None),
            ("198.51.100.1", "guess", None),
            // a network may try twice
            ("198.51.100.1", "guess", None),
            // the owner, at another network and in a new browser
            ("192.0.2.1", PASSWORD, None),
            ("198.51.100.2", "guess", None),
            ("198.51.100.2", "guess", None),
            // by now all networks together used up what new browsers may try
            ("192.0.2.1", PASSWORD, None),
            ("192.0.2.1", PASSWORD, Some("0".repeat(64))),
            ("198.51.100.1", PASSWORD, Some(cookie.clone())),
            ("192.0.2.1", PASSWORD, Some(cookie.clone())),
        ] {
            let result = sign_in(
                &store,
                &limits,
                Credentials {
                    from: from.into(),
                    browser,
                    ..credentials("ada@example.org", password)
                },
            )
            .await;
            outcomes.push(match result {
                Ok(_) => "in",
                Err(AccountError::Wrong) => "wrong",
                Err(AccountError::TooOften(_)) => "too often",
                Err(error) => panic!("{error}"),
            });
        }
        let expected = [
            "wrong", "wrong", "too often", "in", "wrong", "wrong", "too often", "too often", "in",
            "too often",
        ];
        assert_eq!(outcomes, expected);
    }

    async fn a_password_that_confirms_an_action_has_a_limit_of_its_own(store: Store) {
        let limits = SignInLimits::with([1, 1, 2], &Clock::default());
        let ada = add_account(&store, NOW, "ada@example.org", PASSWORD, false)
            .await
            .unwrap();
        for _ in 0..3 {
            _ = sign_in(&store, &limits, credentials("ada@example.org", "guess")).await;
        }
        for (password, is_right) in [("guess", false), (PASSWORD, true)] {
            let result = confirm_password(&store, &limits, &ada, password.to_owned()).await;
            assert_eq!(result.is_ok(), is_right, "{result:?}");
        }
        let third = confirm_password(&store, &limits, &ada, PASSWORD.to_owned()).await;
        assert!(matches!(third, Err(AccountError::TooOften(_))), "{third:?}");
    }

    async fn only_so_many_browsers_of_an_account_are_remembered(store: Store) {
        let ada = add_account(&store, NOW, "ada@example.org", PASSWORD, false)
            .await
            .unwrap();
        let mut first = None;
        for n in 0..25 {
            let token = remember_browser(&store, NOW.plus(n), ada.id, None).await.unwrap();
            let again = remember_browser(&store, NOW.plus(n), ada.id, Some(token.clone())).await;
            assert_eq!(again.unwrap(), token);
            first.get_or_insert(token);
        }
        let mut reader = store.read().await.unwrap();
        let count: i64 = sqlx::query_scalar("select count(*) from known_browsers")
            .fetch_one(&mut *reader)
            .await
            .unwrap();
        assert_eq!(count, 20);
        let first = sha256_hex(&first.unwrap());
        let known = known_browsers::is_known(&mut reader, ada.id, &first);
        assert!(!known.await.unwrap());
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
