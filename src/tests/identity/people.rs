//! Invitations, roles, disabling and deleting accounts; one active admin always remains.

use crate::{
    domain::{Account, Status, ids::UserId, time::DAY_MS},
    server::{
        archive::{Archive, Tiers},
        base::{
            error::{Error, Result},
            new_id,
        },
        chat::begin_turn,
        files::FileStore,
        identity::{
            INVITATION_DAYS, RequestedBy, begin_session, check_key, check_session, create_key,
            delete_account, disable, enable, find_by_email, find_invitation, invite, join,
            revoke_invitation, set_admin,
        },
        store::{Store, invitations, people, turns, users},
    },
    tests::support::{
        databases::{Sqlite, on_both_databases},
        people::{NOW, beginning, entry, person, turn},
    },
};

const PASSWORD: &str = "a lighthouse at dusk";
const EXPIRY_MS: i64 = INVITATION_DAYS * DAY_MS;

async fn admin(store: &Store, name: &str) -> UserId {
    let account = Account {
        id: new_id::user(NOW),
        email: format!("{name}@example.org"),
        is_admin: true,
    };
    let mut tx = store.begin().await.unwrap();
    assert!(users::insert(&mut tx, NOW, &account, "none").await.unwrap());
    tx.commit().await.unwrap();
    account.id
}

async fn tiers(store: &Store, folder: &std::path::Path) -> Tiers {
    Tiers {
        store: store.clone(),
        archive: Archive::open(&format!("file://{}", folder.display())).unwrap(),
    }
}

on_both_databases! {
    async fn an_invitation_works_once(store: Store) {
        let ada = admin(&store, "ada").await;
        let secret = invite(&store, NOW, Some(ada), " Bob@Example.org ", false)
            .await
            .unwrap();
        let open = find_invitation(&store, NOW, &secret).await.unwrap();
        assert_eq!(
            (
                open.email.as_str(),
                open.invited_by.as_deref(),
                open.is_admin
            ),
            ("bob@example.org", Some("ada@example.org"), false)
        );
        assert!(
            matches!(
                join(&store, NOW, &secret, "short").await,
                Err(Error::Refused(_))
            ),
            "and the link still works"
        );
        let bob = join(&store, NOW, &secret, PASSWORD).await.unwrap();
        assert_eq!(
            (bob.email.as_str(), bob.is_admin),
            ("bob@example.org", false)
        );
        assert!(matches!(
            join(&store, NOW, &secret, PASSWORD).await,
            Err(Error::NotFound("invitation"))
        ));
        assert!(matches!(
            find_invitation(&store, NOW, &secret).await,
            Err(Error::NotFound("invitation"))
        ));
        assert!(
            matches!(
                invite(&store, NOW, Some(ada), "bob@example.org", true).await,
                Err(Error::Refused(_))
            ),
            "bob has an account already"
        );
    }

    async fn an_invitation_expires_is_replaced_and_can_be_withdrawn(store: Store) {
        let first = invite(&store, NOW, None, "late@example.org", false)
            .await
            .unwrap();
        assert!(
            find_invitation(&store, NOW.plus(EXPIRY_MS - 1), &first)
                .await
                .is_ok()
        );
        assert!(matches!(
            join(&store, NOW.plus(EXPIRY_MS), &first, PASSWORD).await,
            Err(Error::NotFound("invitation"))
        ));
        let again = invite(&store, NOW.plus(EXPIRY_MS), None, "late@example.org", true)
            .await
            .unwrap();
        assert!(
            find_invitation(&store, NOW.plus(EXPIRY_MS), &first)
                .await
                .is_err(),
            "the new link replaces the old one"
        );
        assert!(
            find_invitation(&store, NOW.plus(EXPIRY_MS), &again)
                .await
                .unwrap()
                .is_admin
        );
        revoke_invitation(&store, "Late@example.org").await.unwrap();
        assert!(
            find_invitation(&store, NOW.plus(EXPIRY_MS), &again)
                .await
                .is_err()
        );
        assert!(matches!(
            revoke_invitation(&store, "late@example.org").await,
            Err(Error::NotFound("invitation"))
        ));
    }

    async fn invitations_of_former_admins_are_void(store: Store) {
        let (ada, bob, eve) = (
            admin(&store, "ada").await,
            admin(&store, "bob").await,
            admin(&store, "eve").await,
        );
        let mut secrets = Vec::new();
        for by in [ada, bob, eve] {
            secrets.push(
                invite(
                    &store,
                    NOW,
                    Some(by),
                    &format!("guest-of-{by}@example.org"),
                    false,
                )
                .await
                .unwrap(),
            );
        }
        set_admin(&store, NOW, bob, false).await.unwrap();
        disable(&store, NOW, eve).await.unwrap();
        let open = invitations::open(&mut store.read().await.unwrap(), NOW, 10)
            .await
            .unwrap();
        assert_eq!(
            open.iter()
                .map(|open| open.email.clone())
                .collect::<Vec<_>>(),
            [format!("guest-of-{ada}@example.org")]
        );
        assert!(
            join(&store, NOW, &secrets[0], PASSWORD).await.is_ok()
                && join(&store, NOW, &secrets[1], PASSWORD).await.is_err()
        );
    }

    async fn concurrent_joins_with_one_invitation_create_one_account(store: Store) {
        let secret = invite(&store, NOW, None, "bob@example.org", false)
            .await
            .unwrap();
        let try_join = async || join(&store, NOW, &secret, PASSWORD).await.is_ok();
        let results = futures::future::join_all((0..4).map(|_| try_join())).await;
        assert_eq!(results.into_iter().filter(|joined| *joined).count(), 1);
    }

    async fn the_last_admin_cannot_be_removed(store: Store) {
        let folder = tempfile::tempdir().unwrap();
        let tiers = tiers(&store, folder.path()).await;
        let files = FileStore::open("file:///nowhere", folder.path()).unwrap();
        let (ada, bob) = (admin(&store, "ada").await, person(&store, "bob").await);
        let assert_refused = |result: Result<()>| match result {
            Err(Error::Conflict(why)) => {
                assert!(why.contains("ada@example.org is the last admin"), "{why}")
            }
            other => panic!("{other:?}"),
        };
        assert_refused(set_admin(&store, NOW, ada, false).await);
        assert_refused(disable(&store, NOW, ada).await.map(|_| ()));
        for whose in [RequestedBy::Admin, RequestedBy::Owner] {
            assert_refused(
                delete_account(&tiers, &files, NOW, ada, whose, |_| {})
                    .await
                    .map(|_| ()),
            );
        }
        let eve = admin(&store, "eve").await;
        disable(&store, NOW, eve).await.unwrap();
        assert_refused(set_admin(&store, NOW, ada, false).await);
        set_admin(&store, NOW, eve, false)
            .await
            .expect("a disabled admin does not count");
        set_admin(&store, NOW, bob, true).await.unwrap();
        set_admin(&store, NOW, ada, false)
            .await
            .expect("bob is still admin");
        assert!(
            !find_by_email(&store, "ada@example.org")
                .await
                .unwrap()
                .is_admin
        );
    }

    async fn two_admins_demoting_each_other_leave_one_admin(store: Store) {
        let (ada, bob) = (admin(&store, "ada").await, admin(&store, "bob").await);
        let (one, other) = tokio::join!(
            set_admin(&store, NOW, ada, false),
            set_admin(&store, NOW, bob, false)
        );
        assert_ne!(one.is_ok(), other.is_ok());
        let admins = people::list(&mut store.read().await.unwrap(), "", "", 10)
            .await
            .unwrap();
        assert_eq!(admins.iter().filter(|person| person.is_admin).count(), 1);
    }

    async fn the_only_user_may_delete_their_account(store: Store) {
        let folder = tempfile::tempdir().unwrap();
        let tiers = tiers(&store, folder.path()).await;
        let files = FileStore::open("file:///nowhere", folder.path()).unwrap();
        let ada = admin(&store, "ada").await;
        entry(&store, ada, Status::Success, "Lamp oil").await;
        assert!(
            delete_account(&tiers, &files, NOW, ada, RequestedBy::Admin, |_| {})
                .await
                .is_err()
        );
        assert_eq!(
            delete_account(&tiers, &files, NOW, ada, RequestedBy::Owner, |_| {})
                .await
                .unwrap()
                .receipt
                .rows,
            1
        );
        assert!(!users::any(&mut store.read().await.unwrap()).await.unwrap());
    }

    async fn disabling_a_user_ends_access_and_keeps_their_data(store: Store) {
        admin(&store, "ada").await;
        let bob = person(&store, "bob").await;
        let (session, key) = (
            begin_session(&store, NOW, bob, "Firefox").await.unwrap(),
            create_key(&store, NOW, bob, "CI").await.unwrap(),
        );
        entry(&store, bob, Status::Success, "Lamp oil").await;
        let running = turn(&store, bob).await;
        let woken = store.wakeups().subscribe(bob);
        assert_eq!(disable(&store, NOW, bob).await.unwrap(), [running.id]);
        assert_eq!(woken.borrow().access, 1, "open streams check access again");
        assert_eq!(
            (
                check_session(&store, NOW, &session).await.unwrap(),
                check_key(&store, NOW, &key).await.unwrap()
            ),
            (None, None)
        );
        assert!(
            turns::is_over(&mut store.read().await.unwrap(), running)
                .await
                .unwrap(),
            "its worker stops, in any process"
        );
        let new_turn = begin_turn(&store, beginning(bob), None, "I was on my way").await;
        assert!(
            matches!(new_turn, Err(Error::NotFound("account"))),
            "{new_turn:?}"
        );
        assert_eq!(
            users::content_counts(&mut store.read().await.unwrap(), bob)
                .await
                .unwrap()[2],
            1
        );
        enable(&store, bob).await.unwrap();
        assert_eq!(
            (
                check_session(&store, NOW, &session).await.unwrap(),
                check_key(&store, NOW, &key).await.unwrap()
            ),
            (None, None)
        );
        assert!(
            users::by_id(&mut store.read().await.unwrap(), bob)
                .await
                .unwrap()
                .is_some()
        );
    }

    async fn users_are_found_by_part_of_their_email(store: Store) {
        for name in ["eve", "a_a", "aba", "bob"] {
            person(&store, name).await;
        }
        let search = async |query: &str, after: &str, limit| {
            let search = people::list(&mut store.read().await.unwrap(), query, after, limit)
                .await
                .unwrap();
            search
                .into_iter()
                .map(|person| person.email.split('@').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(search("", "", 10).await, ["a_a", "aba", "bob", "eve"]);
        assert_eq!(
            search("a_a", "", 10).await,
            ["a_a"],
            "an underscore is literal"
        );
        assert_eq!(search("%", "", 10).await, [""; 0]);
        assert_eq!(search("example", "aba@example.org", 1).await, ["bob"]);
    }

    async fn the_last_activity_of_a_user_is_recorded(store: Store) {
        let bob = person(&store, "bob").await;
        let key = create_key(&store, NOW, bob, "CI").await.unwrap();
        let last = async || {
            find_by_email(&store, "bob@example.org")
                .await
                .unwrap()
                .last_active_at
        };
        assert_eq!(last().await, None);
        let session = begin_session(&store, NOW, bob, "Firefox").await.unwrap();
        assert_eq!(last().await, Some(NOW));
        check_key(&store, NOW.plus(60_000), &key).await.unwrap();
        assert_eq!(last().await, Some(NOW.plus(60_000)));
        check_session(&store, NOW.plus(DAY_MS), &session)
            .await
            .unwrap();
        assert_eq!(last().await, Some(NOW.plus(DAY_MS)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_files_contain_no_invitation_secret() {
    let database = Sqlite::create().await;
    let secret = invite(&database.store, NOW, None, "lighthouse@example.org", false)
        .await
        .unwrap();
    assert!(
        database.occurrences("lighthouse@example.org") > 0,
        "the row of the invitation is stored"
    );
    assert_eq!(database.occurrences(&secret), 0);
}
