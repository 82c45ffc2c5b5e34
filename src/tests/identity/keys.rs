//! API keys: valid until they are revoked; only their hash is stored.

use crate::{
    server::{
        base::{digest, error::Error},
        identity::{check_key, create_key, revoke_key},
        store::api_keys,
    },
    tests::support::{
        databases::{Sqlite, on_both_databases},
        people::{NOW, person},
    },
};

on_both_databases! {
    async fn a_key_authenticates_its_owner_until_it_is_revoked(store: Store) {
        let ada = person(&store, "ada").await;
        let key = create_key(&store, NOW, ada, " CI ").await.unwrap();
        assert_eq!(check_key(&store, NOW, &key).await.unwrap(), Some(ada));
        let listed = api_keys::of_user(&mut store.read().await.unwrap(), ada)
            .await
            .unwrap();
        assert_eq!(
            (
                listed.len(),
                listed[0].name.as_str(),
                listed[0].last_used_at
            ),
            (1, "CI", Some(NOW))
        );
        let woken = store.wakeups().subscribe(ada);
        revoke_key(&store, NOW, ada, &listed[0].id).await.unwrap();
        assert_eq!(
            woken.borrow().access,
            1,
            "streams opened with it check access again"
        );
        assert_eq!(check_key(&store, NOW, &key).await.unwrap(), None);
        assert!(matches!(
            revoke_key(&store, NOW, ada, &listed[0].id).await,
            Err(Error::NotFound("key"))
        ));
        assert_eq!(
            api_keys::of_user(&mut store.read().await.unwrap(), ada)
                .await
                .unwrap(),
            []
        );
    }

    async fn malformed_keys_are_rejected(store: Store) {
        let ada = person(&store, "ada").await;
        let key = create_key(&store, NOW, ada, "CI").await.unwrap();
        let other = create_key(&store, NOW, ada, "CI").await.unwrap();
        let mixed = format!(
            "{}_{}",
            key.rsplit_once('_').unwrap().0,
            other.rsplit_once('_').unwrap().1
        );
        let short = &key[..key.len() - 1];
        let hash = digest::sha256_hex(key.rsplit_once('_').unwrap().1);
        let by_hash = format!("{}_{hash}", key.rsplit_once('_').unwrap().0);
        for wrong in [
            "",
            "holly_",
            "holly__",
            &mixed,
            short,
            &key[6..],
            &key.to_uppercase(),
            &by_hash,
        ] {
            assert_eq!(
                check_key(&store, NOW, wrong).await.unwrap(),
                None,
                "{wrong}"
            );
        }
    }

    async fn the_last_use_of_a_key_is_recorded_to_the_minute(store: Store) {
        let ada = person(&store, "ada").await;
        let key = create_key(&store, NOW, ada, "CI").await.unwrap();
        let mut recorded = Vec::new();
        for after in [0, 59_999, 60_000] {
            check_key(&store, NOW.plus(after), &key).await.unwrap();
            recorded.push(
                api_keys::of_user(&mut store.read().await.unwrap(), ada)
                    .await
                    .unwrap()[0]
                    .last_used_at,
            );
        }
        assert_eq!(recorded, [Some(NOW), Some(NOW), Some(NOW.plus(60_000))]);
    }

    async fn a_key_name_is_a_single_non_empty_line(store: Store) {
        let ada = person(&store, "ada").await;
        for name in ["", "  ", "two\nlines", "\0 ", &"x".repeat(81)] {
            assert!(
                matches!(
                    create_key(&store, NOW, ada, name).await,
                    Err(Error::Refused(_))
                ),
                "{name}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_files_contain_no_key() {
    let database = Sqlite::create().await;
    let ada = person(&database.store, "ada").await;
    let key = create_key(&database.store, NOW, ada, "a key of a lighthouse")
        .await
        .unwrap();
    check_key(&database.store, NOW, &key).await.unwrap();
    assert!(
        database.occurrences("a key of a lighthouse") > 0,
        "the row of the key is stored"
    );
    assert_eq!(database.occurrences(key.rsplit_once('_').unwrap().1), 0);
    assert_eq!(database.occurrences(&key), 0);
}
