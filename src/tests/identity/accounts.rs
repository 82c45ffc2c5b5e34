//! Accounts: the first one is made once, and a password opens its own account only.

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

fn typed(email: &str, password: &str) -> Credentials {
    Credentials {
        email: email.to_owned(),
        password: password.to_owned(),
        from: "192.0.2.1".to_owned(),
    }
}

on_both_databases! {
    async fn the_first_account_is_made_once_and_its_owner_is_admin(store: Store) {
        let ada = sign_up_first(&store, NOW, " Ada@Example.org ", PASSWORD).await.unwrap();
        assert_eq!((ada.email.as_str(), ada.is_admin), ("ada@example.org", true));
        let second = sign_up_first(&store, NOW, "bob@example.org", PASSWORD).await;
        assert!(matches!(second, Err(AccountError::NotFirst)), "{second:?}");
    }

    async fn of_four_who_sign_up_first_at_once_one_is_the_first(store: Store) {
        let mut callers = tokio::task::JoinSet::new();
        for n in 0..4 {
            let store = store.clone();
            callers.spawn(async move { sign_up_first(&store, NOW, &format!("p{n}@example.org"), PASSWORD).await.is_ok() });
        }
        assert_eq!(callers.join_all().await.into_iter().filter(|made| *made).count(), 1);
        let people: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(&mut *store.read().await.unwrap()).await.unwrap();
        assert_eq!(people, 1);
    }

    async fn an_address_is_taken_once_in_whatever_case(store: Store) {
        add_account(&store, NOW, "ada@example.org", PASSWORD, false).await.unwrap();
        for (email, password) in [("ADA@example.org", PASSWORD), ("ada", PASSWORD), ("a b@c", PASSWORD), ("a\0@c", PASSWORD), ("bob@example.org", "short")] {
            let answer = add_account(&store, NOW, email, password, false).await;
            assert!(matches!(answer, Err(Error::Refused(_))), "{email}: {answer:?}");
        }
    }

    async fn a_password_opens_its_own_account_only(store: Store) {
        let attempts = Attempts::per_minute(0, &Clock::default());
        let ada = add_account(&store, NOW, "ada@example.org", PASSWORD, false).await.unwrap();
        assert_eq!(sign_in(&store, &attempts, typed(" ADA@example.org", PASSWORD)).await.unwrap(), ada);
        for (email, password) in [("ada@example.org", "a lighthouse at dawn"), ("eve@example.org", PASSWORD), ("ada@example.org", ""), ("ada\0@example.org", PASSWORD)] {
            let answer = sign_in(&store, &attempts, typed(email, password)).await;
            assert!(matches!(answer, Err(AccountError::Wrong)), "{email}");
        }
    }

    async fn an_account_that_is_guessed_at_closes_for_a_while(store: Store) {
        let attempts = Attempts::per_minute(1, &Clock::default());
        add_account(&store, NOW, "ada@example.org", PASSWORD, false).await.unwrap();
        assert!(matches!(sign_in(&store, &attempts, typed("ada@example.org", "guess")).await, Err(AccountError::Wrong)));
        let second = sign_in(&store, &attempts, Credentials { from: "192.0.2.2".into(), ..typed("ada@example.org", PASSWORD) }).await;
        assert!(matches!(second, Err(AccountError::TooOften(_))), "{second:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_find_no_account_at_the_same_moment_do_not_both_become_the_first() {
    let database = Postgres::create().await;
    let mut gate = database.store.begin().await.unwrap();
    sqlx::query("lock table users in share mode")
        .execute(&mut *gate)
        .await
        .unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for name in ["ada", "bob"] {
        let store = database.store.clone();
        callers.spawn(async move {
            sign_up_first(&store, NOW, &format!("{name}@example.org"), PASSWORD)
                .await
                .is_ok()
        });
    }
    database.until_waiting(2).await;
    gate.commit().await.unwrap();
    assert_eq!(
        callers
            .join_all()
            .await
            .into_iter()
            .filter(|made| *made)
            .count(),
        1
    );
    database.drop().await;
}
