//! The people page with plain forms: invited, joined, promoted, shut out, erased.

use crate::{
    server::{assistant::model::ModelEvent as Said, base::new_id, identity, store::turns},
    tests::support::{Answer, Person, TestApp, ToldModel, databases::Postgres, within},
};
use serde_json::json;

const PASSWORD: &str = "correct horse";
const PAGE: &str = "/settings/people";

async fn admin(app: &TestApp) -> Person {
    let id = app.admin().await.id;
    app.signed_in(id).await
}

fn with_cookie(person: &Person, cookie: &str) -> Person {
    Person {
        credential: Some(("cookie", cookie.split(';').next().unwrap().to_owned())),
        ..person.clone()
    }
}

/// Invites somebody and returns the path of the link that the page shows this once.
async fn link(admin: &Person, email: &str) -> String {
    let made = admin
        .submits("/fn/people/invite", PAGE, &[("email", email)])
        .await;
    assert_eq!((made.status, made.header("location")), (302, PAGE));
    let shown = made.header("set-cookie").to_owned();
    assert!(
        shown.ends_with("; HttpOnly; SameSite=Strict; Path=/settings/people; Max-Age=60"),
        "{shown}"
    );
    let own = admin.credential.clone().unwrap().1;
    let looking = Person {
        credential: Some((
            "cookie",
            format!("{own}; {}", shown.split(';').next().unwrap()),
        )),
        ..admin.clone()
    };
    let page = looking.gets(PAGE).await;
    assert!(
        page.header("set-cookie")
            .starts_with("holly_fresh_invitation=; ")
            && page
                .header("set-cookie")
                .ends_with("; Path=/settings/people; Max-Age=0"),
        "shown once"
    );
    let html = page.text();
    let link = html
        .split("<code class=\"secret\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    link.strip_prefix(&admin.base)
        .unwrap_or_else(|| panic!("{link} leads elsewhere"))
        .to_owned()
}

async fn changes(admin: &Person, verb: &str, who: &Person, fields: &[(&str, &str)]) -> Answer {
    let id = who.id.to_string();
    let form: Vec<_> = [("id", id.as_str())]
        .into_iter()
        .chain(fields.iter().copied())
        .collect();
    admin
        .submits(&format!("/fn/people/{verb}"), PAGE, &form)
        .await
}

#[tokio::test]
async fn somebody_invited_opens_the_link_chooses_a_password_and_is_in() {
    let app = TestApp::start().await;
    let ada = admin(&app).await;
    let link = link(&ada, "bob@example.org").await;
    assert!(
        ada.gets(PAGE).await.text().contains("bob@example.org")
            && !ada.gets(PAGE).await.text().contains("class=\"secret\"")
    );
    let guest = app.nobody();
    for _ in 0..2 {
        let page = guest.gets(&link).await;
        assert!(
            page.status == 200 && page.text().contains("admin@example.org invited you"),
            "opening it uses nothing up"
        );
    }
    let secret = link.split_once('=').unwrap().1;
    let short = guest
        .submits(
            "/fn/people/join",
            &link,
            &[("secret", secret), ("password", "short")],
        )
        .await;
    let back = short
        .header("location")
        .trim_start_matches(&guest.base)
        .to_owned();
    assert!(
        guest
            .gets(&back)
            .await
            .text()
            .contains("must be 8 characters"),
        "{back}"
    );
    let joined = guest
        .submits(
            "/fn/people/join",
            &link,
            &[("secret", secret), ("password", PASSWORD)],
        )
        .await;
    assert_eq!((joined.status, joined.header("location")), (302, "/"));
    let bob = with_cookie(&guest, joined.header("set-cookie"));
    assert!(bob.gets("/").await.text().contains("bob@example.org"));
    assert_eq!(bob.gets(PAGE).await.status, 404);
    assert!(guest.gets(&link).await.text().contains("not open any more"));
    let again = guest
        .submits(
            "/fn/people/join",
            &link,
            &[("secret", secret), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(again.headers("set-cookie").len(), 0);
}

#[tokio::test]
async fn the_link_leads_to_the_address_that_people_use() {
    let app = TestApp::with(
        |config| config.public_url = Some("https://holly.example.org".to_owned()),
        |_| {},
    )
    .await;
    let ada = Person {
        base: app.nobody().base,
        ..admin(&app).await
    };
    let made = ada
        .submits("/fn/people/invite", PAGE, &[("email", "bob@example.org")])
        .await;
    let shown = made.header("set-cookie").to_owned();
    assert!(shown.contains("; Secure; "), "{shown}");
    let cookie = format!(
        "{}; {}",
        ada.credential.clone().unwrap().1,
        shown.split(';').next().unwrap()
    );
    let looking = Person {
        credential: Some(("cookie", cookie)),
        ..ada
    };
    assert!(
        looking
            .gets(PAGE)
            .await
            .text()
            .contains("https://holly.example.org/join?secret=")
    );
}

#[tokio::test]
async fn an_admin_is_made_and_unmade_and_the_last_one_stays() {
    let app = TestApp::start().await;
    let (ada, bob) = (admin(&app).await, app.browser("bob@example.org").await);
    assert_eq!(
        changes(&ada, "admin", &bob, &[("admin", "true")])
            .await
            .header("location"),
        PAGE
    );
    assert_eq!(bob.gets("/stats").await.status, 200);
    assert_eq!(
        changes(&bob, "admin", &ada, &[("admin", "false")])
            .await
            .header("location"),
        PAGE
    );
    assert_eq!(ada.gets("/stats").await.status, 404);
    for (verb, fields) in [
        ("admin", [("admin", "false")]),
        ("disable", [("disabled", "true")]),
        ("erase", [("email", "bob@example.org")]),
    ] {
        let refused = changes(&bob, verb, &bob, &fields).await;
        let back = refused
            .header("location")
            .trim_start_matches(&bob.base)
            .to_owned();
        assert!(
            bob.gets(&back)
                .await
                .text()
                .contains("Bob@example.org is the last admin"),
            "{verb}: {back}"
        );
    }
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_and_their_turn_ends() {
    let (tell, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let (ada, bob) = (admin(&app).await, app.browser("bob@example.org").await);
    let key = app.key_of(&bob).await;
    let here = bob.begins().await;
    let (mut by_cookie, mut by_key) = (bob.streams("").await, key.streams("").await);
    let waits = tokio::spawn({
        let (key, place) = (key.clone(), bob.begins().await);
        let cursor = bob.cursor().await;
        async move {
            key.gets(&format!(
                "/api/work-log/list?after={cursor}&wait=60&conversationId={place}"
            ))
            .await
        }
    });
    bob.says(&here, "Hello").await;
    tell.send(Ok(Said::Text("Half an ".into()))).unwrap();
    by_cookie.next_named("delta").await;
    changes(&ada, "disable", &bob, &[("disabled", "true")]).await;
    for stream in [&mut by_cookie, &mut by_key] {
        stream.next_named("auth").await;
        assert_eq!(stream.next().await, None);
    }
    assert_eq!(within("the long poll", waits).await.unwrap().status, 401);
    app.app.tasks.close();
    within("the turn to end", app.app.tasks.wait()).await;
    for out in [&bob, &key] {
        assert_eq!(out.gets("/api/work-log/list").await.status, 401);
    }
    assert!(
        ada.gets(PAGE)
            .await
            .text()
            .contains("Enable: bob@example.org")
    );
    changes(&ada, "disable", &bob, &[("disabled", "false")]).await;
    let back = app.signed_in(bob.id).await;
    let answer = &back.reads(&here).await["messages"][1];
    assert_eq!(
        (&answer["content"], &answer["status"]),
        (&json!("Half an "), &json!("stopped"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_on_one_server_is_out_on_the_other() {
    let database = Postgres::create().await;
    let (tell, model) = ToldModel::pair();
    let (here, there) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), Some(model)).await,
    );
    let (ada, bob) = (admin(&here).await, there.person("bob@example.org").await);
    let mut stream = bob.streams("").await;
    let talk = bob.begins().await;
    bob.says(&talk, "Hello").await;
    tell.send(Ok(Said::Text("Half an ".into()))).unwrap();
    stream.next_named("delta").await;
    changes(&ada, "disable", &bob, &[("disabled", "true")]).await;
    stream.next_named("auth").await;
    assert_eq!(bob.gets("/api/conversations").await.status, 401);
    let mut wakes = there.app.store.wakeups().subscribe(bob.id);
    within("the turn to end", async {
        while !turns::running(&mut there.app.store.connection().await.unwrap(), bob.id)
            .await
            .unwrap()
            .is_empty()
        {
            wakes.changed().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_admin_erases_somebody_and_gets_a_receipt() {
    let app = TestApp::start().await;
    let (ada, bob) = (admin(&app).await, app.person("bob@example.org").await);
    let here = bob.begins().await;
    bob.says(&here, "Paint a lighthouse").await;
    bob.awaits_the_end(&here).await;
    let folder = app
        .file(bob.id, new_id::file(app.app.clock.now()))
        .parent()
        .unwrap()
        .to_owned();
    assert!(folder.exists());
    let wrong = changes(&ada, "erase", &bob, &[("email", "eve@example.org")]).await;
    assert!(
        wrong.header("location").contains("__err")
            && bob.gets("/api/conversations").await.status == 200
    );
    let erased = changes(&ada, "erase", &bob, &[("email", " Bob@example.org ")]).await;
    let said = ada.gets(erased.header("location")).await.text();
    assert!(
        said.contains(" account is erased.")
            && said.contains("every tier: 1 conversation, 2 messages, 3 entries and 1 file."),
        "{}",
        erased.header("location")
    );
    assert!(!said.contains("bob@example.org") && !folder.exists());
    assert_eq!(bob.gets("/api/conversations").await.status, 401);
    let again = changes(&ada, "erase", &bob, &[("email", "bob@example.org")]).await;
    assert!(again.header("location").contains("__err"));
}

#[tokio::test]
async fn the_page_shows_no_word_of_what_others_wrote() {
    let app = TestApp::start().await;
    let (ada, bob) = (admin(&app).await, app.person("bob@example.org").await);
    bob.notes("private").await;
    let page = ada.gets(PAGE).await.text();
    assert!(page.contains("bob@example.org") && !page.contains("private"));
}

#[tokio::test]
async fn a_new_password_signs_other_devices_out() {
    let app = TestApp::start().await;
    let account = identity::add_account(
        &app.app.store,
        app.app.clock.now(),
        "bob@example.org",
        PASSWORD,
        false,
    )
    .await
    .unwrap();
    let (bob, other) = (
        app.signed_in(account.id).await,
        app.signed_in(account.id).await,
    );
    let form = [
        ("password", "wrong horse"),
        ("new_password", "battery staple"),
    ];
    assert!(
        bob.submits("/fn/account/password", "/settings", &form)
            .await
            .header("location")
            .contains("__err")
    );
    let form = [("password", PASSWORD), ("new_password", "battery staple")];
    let changed = bob
        .submits("/fn/account/password", "/settings", &form)
        .await;
    assert!(
        bob.gets(changed.header("location"))
            .await
            .text()
            .contains("Your password is changed")
    );
    assert_eq!(other.gets("/api/conversations").await.status, 401);
    for (password, lets_in) in [(PASSWORD, false), ("battery staple", true)] {
        let form = [("email", "bob@example.org"), ("password", password)];
        let answer = app
            .nobody()
            .submits("/fn/account/sign-in", "/sign-in", &form)
            .await;
        assert_eq!(
            answer.headers("set-cookie").len(),
            usize::from(lets_in),
            "{password}"
        );
    }
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_it_there() {
    let app = TestApp::start().await;
    let bob = app.browser("bob@example.org").await;
    let other = app.signed_in(bob.id).await;
    let eve = app.browser("eve@example.org").await;
    let page = bob.gets("/settings").await.text();
    assert!(page.contains("this one"));
    let id = page
        .split("account/end-session")
        .nth(1)
        .unwrap()
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    eve.submits("/fn/account/end-session", "/settings", &[("id", &id)])
        .await;
    assert_eq!(
        other.gets("/api/conversations").await.status,
        200,
        "a session is its owner's to end"
    );
    bob.submits("/fn/account/end-session", "/settings", &[("id", &id)])
        .await;
    assert_eq!(
        (
            other.gets("/api/conversations").await.status,
            bob.gets("/api/conversations").await.status
        ),
        (401, 200)
    );
}
