//! People come by invitation and go when an admin says so; one who may say so always stays.

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
            set_admin, withdraw,
        },
        store::{Store, invitations, people, turns, users},
    },
    tests::support::{
        databases::{Sqlite, on_both_databases},
        people::{NOW, beginning, entry, person, turn},
    },
};

const PASSWORD: &str = "a lighthouse at dusk";
const OVER: i64 = INVITATION_DAYS * DAY_MS;

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
        let secret = invite(&store, NOW, Some(ada), " Bob@Example.org ", false).await.unwrap();
        let open = find_invitation(&store, NOW, &secret).await.unwrap();
        assert_eq!((open.email.as_str(), open.invited_by.as_deref(), open.is_admin), ("bob@example.org", Some("ada@example.org"), false));
        assert!(matches!(join(&store, NOW, &secret, "short").await, Err(Error::Refused(_))), "and the link still works");
        let bob = join(&store, NOW, &secret, PASSWORD).await.unwrap();
        assert_eq!((bob.email.as_str(), bob.is_admin), ("bob@example.org", false));
        assert!(matches!(join(&store, NOW, &secret, PASSWORD).await, Err(Error::NotFound("invitation"))));
        assert!(matches!(find_invitation(&store, NOW, &secret).await, Err(Error::NotFound("invitation"))));
        assert!(matches!(invite(&store, NOW, Some(ada), "bob@example.org", true).await, Err(Error::Refused(_))), "bob is here");
    }

    async fn an_invitation_runs_out_is_replaced_and_is_taken_back(store: Store) {
        let late = invite(&store, NOW, None, "late@example.org", false).await.unwrap();
        assert!(find_invitation(&store, NOW.plus(OVER - 1), &late).await.is_ok());
        assert!(matches!(join(&store, NOW.plus(OVER), &late, PASSWORD).await, Err(Error::NotFound("invitation"))));
        let again = invite(&store, NOW.plus(OVER), None, "late@example.org", true).await.unwrap();
        assert!(find_invitation(&store, NOW.plus(OVER), &late).await.is_err(), "the new link takes the old one's place");
        assert!(find_invitation(&store, NOW.plus(OVER), &again).await.unwrap().is_admin);
        withdraw(&store, "Late@example.org").await.unwrap();
        assert!(find_invitation(&store, NOW.plus(OVER), &again).await.is_err());
        assert!(matches!(withdraw(&store, "late@example.org").await, Err(Error::NotFound("invitation"))));
    }

    async fn who_may_not_invite_any_more_has_invited_nobody(store: Store) {
        let (ada, bob, eve) = (admin(&store, "ada").await, admin(&store, "bob").await, admin(&store, "eve").await);
        let mut secrets = Vec::new();
        for by in [ada, bob, eve] {
            secrets.push(invite(&store, NOW, Some(by), &format!("guest-of-{by}@example.org"), false).await.unwrap());
        }
        set_admin(&store, NOW, bob, false).await.unwrap();
        disable(&store, NOW, eve).await.unwrap();
        let open = invitations::open(&mut store.read().await.unwrap(), NOW, 10).await.unwrap();
        assert_eq!(open.iter().map(|open| open.email.clone()).collect::<Vec<_>>(), [format!("guest-of-{ada}@example.org")]);
        assert!(join(&store, NOW, &secrets[0], PASSWORD).await.is_ok() && join(&store, NOW, &secrets[1], PASSWORD).await.is_err());
    }

    async fn of_several_who_come_with_one_secret_one_is_let_in(store: Store) {
        let secret = invite(&store, NOW, None, "bob@example.org", false).await.unwrap();
        let come = async || join(&store, NOW, &secret, PASSWORD).await.is_ok();
        let came = futures::future::join_all((0..4).map(|_| come())).await;
        assert_eq!(came.into_iter().filter(|let_in| *let_in).count(), 1);
    }

    async fn the_last_admin_stays(store: Store) {
        let folder = tempfile::tempdir().unwrap();
        let tiers = tiers(&store, folder.path()).await;
        let files = FileStore::open("file:///nowhere", folder.path()).unwrap();
        let (ada, bob) = (admin(&store, "ada").await, person(&store, "bob").await);
        let stays = |result: Result<()>| match result {
            Err(Error::Conflict(why)) => assert!(why.contains("ada@example.org is the last admin"), "{why}"),
            other => panic!("{other:?}"),
        };
        stays(set_admin(&store, NOW, ada, false).await);
        stays(disable(&store, NOW, ada).await.map(|_| ()));
        for whose in [RequestedBy::Admin, RequestedBy::Own] {
            stays(delete_account(&tiers, &files, NOW, ada, whose, |_| {}).await.map(|_| ()));
        }
        let eve = admin(&store, "eve").await;
        disable(&store, NOW, eve).await.unwrap();
        stays(set_admin(&store, NOW, ada, false).await);
        set_admin(&store, NOW, eve, false).await.expect("she could not come in anyway");
        set_admin(&store, NOW, bob, true).await.unwrap();
        set_admin(&store, NOW, ada, false).await.expect("bob stays");
        assert!(!find_by_email(&store, "ada@example.org").await.unwrap().is_admin);
    }

    async fn of_two_admins_who_demote_each_other_at_once_one_stays(store: Store) {
        let (ada, bob) = (admin(&store, "ada").await, admin(&store, "bob").await);
        let (one, other) = tokio::join!(set_admin(&store, NOW, ada, false), set_admin(&store, NOW, bob, false));
        assert_ne!(one.is_ok(), other.is_ok());
        let admins = people::list(&mut store.read().await.unwrap(), "", "", 10).await.unwrap();
        assert_eq!(admins.iter().filter(|person| person.is_admin).count(), 1);
    }

    async fn the_only_person_may_erase_themselves(store: Store) {
        let folder = tempfile::tempdir().unwrap();
        let tiers = tiers(&store, folder.path()).await;
        let files = FileStore::open("file:///nowhere", folder.path()).unwrap();
        let ada = admin(&store, "ada").await;
        entry(&store, ada, Status::Success, "Lamp oil").await;
        assert!(delete_account(&tiers, &files, NOW, ada, RequestedBy::Admin, |_| {}).await.is_err());
        assert_eq!(delete_account(&tiers, &files, NOW, ada, RequestedBy::Own, |_| {}).await.unwrap().receipt.rows, 1);
        assert!(!users::any(&mut store.read().await.unwrap()).await.unwrap());
    }

    async fn who_is_disabled_is_out_and_what_they_wrote_stays(store: Store) {
        admin(&store, "ada").await;
        let bob = person(&store, "bob").await;
        let (session, key) = (begin_session(&store, NOW, bob, "Firefox").await.unwrap(), create_key(&store, NOW, bob, "CI").await.unwrap());
        entry(&store, bob, Status::Success, "Lamp oil").await;
        let runs = turn(&store, bob).await;
        let woken = store.wakeups().subscribe(bob);
        assert_eq!(disable(&store, NOW, bob).await.unwrap(), [runs.id]);
        assert_eq!(woken.borrow().access, 1, "open streams look again");
        assert_eq!((check_session(&store, NOW, &session).await.unwrap(), check_key(&store, NOW, &key).await.unwrap()), (None, None));
        assert!(turns::is_over(&mut store.read().await.unwrap(), runs).await.unwrap(), "its worker gives up, wherever it is");
        let late = begin_turn(&store, beginning(bob), None, "I was on my way").await;
        assert!(matches!(late, Err(Error::NotFound("account"))), "{late:?}");
        assert_eq!(users::belongings(&mut store.read().await.unwrap(), bob).await.unwrap()[2], 1);
        enable(&store, bob).await.unwrap();
        assert_eq!((check_session(&store, NOW, &session).await.unwrap(), check_key(&store, NOW, &key).await.unwrap()), (None, None));
        assert!(users::by_id(&mut store.read().await.unwrap(), bob).await.unwrap().is_some());
    }

    async fn people_are_found_by_a_part_of_their_address(store: Store) {
        for name in ["eve", "a_a", "aba", "bob"] {
            person(&store, name).await;
        }
        let found = async |part: &str, after: &str, limit| {
            let found = people::list(&mut store.read().await.unwrap(), part, after, limit).await.unwrap();
            found.into_iter().map(|person| person.email.split('@').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("", "", 10).await, ["a_a", "aba", "bob", "eve"]);
        assert_eq!(found("a_a", "", 10).await, ["a_a"], "an underscore is an underscore");
        assert_eq!(found("%", "", 10).await, [""; 0]);
        assert_eq!(found("example", "aba@example.org", 1).await, ["bob"]);
    }

    async fn it_is_noted_when_somebody_was_last_there(store: Store) {
        let bob = person(&store, "bob").await;
        let key = create_key(&store, NOW, bob, "CI").await.unwrap();
        let last = async || find_by_email(&store, "bob@example.org").await.unwrap().last_active_at;
        assert_eq!(last().await, None);
        let session = begin_session(&store, NOW, bob, "Firefox").await.unwrap();
        assert_eq!(last().await, Some(NOW));
        check_key(&store, NOW.plus(60_000), &key).await.unwrap();
        assert_eq!(last().await, Some(NOW.plus(60_000)));
        check_session(&store, NOW.plus(DAY_MS), &session).await.unwrap();
        assert_eq!(last().await, Some(NOW.plus(DAY_MS)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_hold_no_secret_of_an_invitation() {
    let database = Sqlite::create().await;
    let secret = invite(&database.store, NOW, None, "lighthouse@example.org", false)
        .await
        .unwrap();
    assert!(
        database.occurrences("lighthouse@example.org") > 0,
        "the invitation is there"
    );
    assert_eq!(database.occurrences(&secret), 0);
}
