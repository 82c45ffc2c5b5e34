//! A create that is repeated with its idempotency key makes one entry.

use crate::{
    domain::Status,
    server::{
        base::error::Error,
        store::{heads, work_logs},
        work_log::{Origin, create_work_log, delete_entry_row},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, draft, person},
    },
};
use tokio::task::JoinSet;

fn key(key: &str, hash: &str) -> Origin {
    Origin {
        idempotency: Some((key.to_owned(), hash.to_owned())),
        ..Origin::default()
    }
}

on_both_databases! {
    async fn a_repeated_create_returns_the_first_entry_as_it_is_now(store: Store) {
        let ada = person(&store, "ada").await;
        let first = create_work_log(&store, NOW, ada, draft(Status::Info, "x"), key("k", "h"))
            .await
            .unwrap();
        let again = create_work_log(
            &store,
            NOW.plus(5_000),
            ada,
            draft(Status::Info, "x"),
            key("k", "h"),
        )
        .await
        .unwrap();
        assert_eq!(again, first);
        assert_eq!(
            heads::find(&mut store.read().await.unwrap(), ada)
                .await
                .unwrap()
                .head,
            1
        );
    }

    async fn reusing_a_key_for_another_request_is_a_conflict(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        create_work_log(&store, NOW, ada, draft(Status::Info, "x"), key("k", "h"))
            .await
            .unwrap();
        let other = create_work_log(
            &store,
            NOW,
            ada,
            draft(Status::Info, "y"),
            key("k", "other"),
        )
        .await;
        assert!(matches!(other, Err(Error::Conflict(_))), "{other:?}");
        let bobs = create_work_log(
            &store,
            NOW,
            bob,
            draft(Status::Info, "y"),
            key("k", "other"),
        )
        .await
        .unwrap();
        assert_eq!(bobs.user_id, bob);
    }

    async fn eight_concurrent_creates_with_one_key_make_one_entry(store: Store) {
        let ada = person(&store, "ada").await;
        let mut callers = JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            callers.spawn(async move {
                create_work_log(&store, NOW, ada, draft(Status::Info, "x"), key("k", "h"))
                    .await
                    .unwrap()
            });
        }
        let answers = callers.join_all().await;
        assert!(answers.iter().all(|entry| *entry == answers[0]));
        let rows = work_logs::list(
            &mut store.read().await.unwrap(),
            ada,
            &Default::default(),
            None,
            10,
        )
        .await
        .unwrap();
        assert_eq!(rows, answers[..1]);
    }

    async fn a_key_is_free_again_when_its_entry_is_deleted(store: Store) {
        let ada = person(&store, "ada").await;
        let first = create_work_log(&store, NOW, ada, draft(Status::Info, "x"), key("k", "h"))
            .await
            .unwrap();
        delete_entry_row(&store, NOW, ada, first.id).await.unwrap();
        let second = create_work_log(
            &store,
            NOW,
            ada,
            draft(Status::Info, "y"),
            key("k", "other"),
        )
        .await
        .unwrap();
        assert_ne!(second.id, first.id);
    }
}
