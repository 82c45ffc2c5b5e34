//! API keys: valid until they are revoked; only their hash is stored.

use crate::{
    domain::{Scope, Scopes, time::DAY_MS},
    server::{
        base::{digest, error::Error},
        identity::{KEY_DAYS_MAX, NewKey, check_key, create_key, revoke_key, set_admin},
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
        let checked = check_key(&store, NOW, &key).await.unwrap().unwrap();
        assert_eq!(
            (checked.user, checked.scopes, checked.expires_at),
            (ada, Scopes::DEFAULT, None)
        );
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

    async fn a_key_has_its_scopes_until_it_expires(store: Store) {
        let ada = person(&store, "ada").await;
        let scopes = Scopes::of(&[Scope::Chat, Scope::Approve]);
        let new = |days| NewKey {
            scopes,
            days: Some(days),
            ..NewKey::from("CI")
        };
        let key = create_key(&store, NOW, ada, new(2)).await.unwrap();
        let end = NOW.plus(2 * DAY_MS);
        for (now, valid) in [(NOW, true), (end.plus(-1), true), (end, false)] {
            let checked = check_key(&store, now, &key).await.unwrap();
            assert_eq!(
                checked.map(|key| (key.scopes, key.expires_at)),
                valid.then_some((scopes, Some(end)))
            );
        }
        let listed = api_keys::of_user(&mut store.read().await.unwrap(), ada)
            .await
            .unwrap()
            .remove(0);
        assert_eq!(
            (listed.scopes, listed.expires_at, listed.made_before_scopes),
            (scopes, Some(end), false)
        );
        for days in [0, -1, KEY_DAYS_MAX + 1, i64::MAX] {
            let refused = create_key(&store, NOW, ada, new(days)).await;
            assert!(matches!(refused, Err(Error::Refused(_))), "{days}");
        }
        let none = NewKey { scopes: Scopes::default(), ..NewKey::from("CI") };
        assert!(matches!(
            create_key(&store, NOW, ada, none).await,
            Err(Error::Refused(_))
        ));
    }

    async fn a_key_made_before_scopes_keeps_what_it_could_do(store: Store) {
        let ada = person(&store, "ada").await;
        let secret = "5".repeat(64);
        let mut tx = store.begin().await.unwrap();
        let insert = "insert into api_keys (user_id, id, name, secret_hash, created_at) \
                      values ($1, 'before', 'CI', $2, 0)";
        sqlx::query(insert)
            .bind(ada.to_string())
            .bind(digest::sha256_hex(&secret))
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let checked = check_key(&store, NOW, &format!("holly_before_{secret}"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(checked.scopes, Scopes::BEFORE_SCOPES);
        for (is_admin, scopes) in [
            (false, "log:write,log:read,chat"),
            (true, "log:write,log:read,chat,admin"),
        ] {
            if is_admin {
                set_admin(&store, NOW, ada, true).await.unwrap();
            }
            let listed = api_keys::of_user(&mut store.read().await.unwrap(), ada)
                .await
                .unwrap()
                .remove(0);
            assert_eq!(listed.scopes.to_string(), scopes);
            assert!(listed.made_before_scopes);
        }
    }

    async fn a_server_without_scopes_refuses_keys_that_have_them(store: Store) {
        let ada = person(&store, "ada").await;
        let key = create_key(&store, NOW, ada, "CI").await.unwrap();
        let (id, secret) = key["holly_".len()..].split_once('_').unwrap();
        let found = api_keys::by_id(&mut store.read().await.unwrap(), id).await.unwrap();
        assert_ne!(found.unwrap().secret_hash, digest::sha256_hex(secret));
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
