//! User administration with plain forms: invite, join, promote, disable, delete.

use crate::{
    server::{assistant::model::ModelEvent, base::new_id, identity, store::turns},
    tests::support::{Answer, Person, TestApp, ToldModel, databases::Postgres, within},
};
use serde_json::json;

const PASSWORD: &str = "correct horse";
const PAGE: &str = "/settings/people";

async fn signed_in_admin(app: &TestApp) -> Person {
    let id = app.admin().await.id;
    app.signed_in(id).await
}

fn with_cookie(person: &Person, cookie: &str) -> Person {
    Person {
        credential: Some(("cookie", cookie.split(';').next().unwrap().to_owned())),
        ..person.clone()
    }
}

/// Creates an invitation and returns the path of its link, which the page shows once.
async fn create_invitation(admin: &Person, email: &str) -> String {
    let answer = admin
        .submits("/fn/people/invite", PAGE, &[("email", email)])
        .await;
    assert_eq!((answer.status, answer.header("location")), (302, PAGE));
    let flash_cookie = answer.header("set-cookie").to_owned();
    assert!(
        flash_cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/settings/people; Max-Age=60"),
        "{flash_cookie}"
    );
    let own = admin.credential.clone().unwrap().1;
    let next_visit = Person {
        credential: Some((
            "cookie",
            format!("{own}; {}", flash_cookie.split(';').next().unwrap()),
        )),
        ..admin.clone()
    };
    let page = next_visit.gets(PAGE).await;
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

async fn submit_change(
    admin: &Person,
    action: &str,
    user: &Person,
    fields: &[(&str, &str)],
) -> Answer {
    let id = user.id.to_string();
    let form: Vec<_> = [("id", id.as_str())]
        .into_iter()
        .chain(fields.iter().copied())
        .collect();
    admin
        .submits(&format!("/fn/people/{action}"), PAGE, &form)
        .await
}

#[tokio::test]
async fn an_invited_user_sets_a_password_and_is_signed_in() {
    let app = TestApp::start().await;
    let ada = signed_in_admin(&app).await;
    let link = create_invitation(&ada, "bob@example.org").await;
    assert!(
        ada.gets(PAGE).await.text().contains("bob@example.org")
            && !ada.gets(PAGE).await.text().contains("class=\"secret\"")
    );
    let nobody = app.anonymous();
    let opened = nobody.gets(&link).await;
    assert_eq!((opened.status, opened.header("location")), (303, "/join"));
    let guest = with_cookie(&nobody, opened.header("set-cookie"));
    for _ in 0..2 {
        let page = guest.gets("/join").await;
        assert!(
            page.status == 200 && page.text().contains("admin@example.org invited you"),
            "opening the link does not use it up"
        );
    }
    let short = guest
        .submits("/fn/people/join", "/join", &[("password", "short")])
        .await;
    let back = short
        .header("location")
        .trim_start_matches(&guest.base)
        .to_owned();
    assert!(
        guest
            .follows(&short)
            .await
            .text()
            .contains("must be 8 characters"),
        "{back}"
    );
    let joined = guest
        .submits("/fn/people/join", "/join", &[("password", PASSWORD)])
        .await;
    assert_eq!((joined.status, joined.header("location")), (302, "/"));
    let bob = with_cookie(&guest, joined.header("set-cookie"));
    assert!(bob.gets("/").await.text().contains("bob@example.org"));
    assert_eq!(bob.gets(PAGE).await.status, 404);
    assert!(
        guest
            .gets("/join")
            .await
            .text()
            .contains("not open any more")
    );
    let again = guest
        .submits("/fn/people/join", "/join", &[("password", PASSWORD)])
        .await;
    assert!(!again.sets_session());
}

#[tokio::test]
async fn the_invitation_link_uses_the_public_url() {
    let app = TestApp::with(
        |config| config.public_url = Some("https://holly.example.org".to_owned()),
        |_| {},
    )
    .await;
    let ada = Person {
        base: app.anonymous().base,
        ..signed_in_admin(&app).await
    };
    let answer = ada
        .submits("/fn/people/invite", PAGE, &[("email", "bob@example.org")])
        .await;
    let flash_cookie = answer.header("set-cookie").to_owned();
    assert!(flash_cookie.contains("; Secure; "), "{flash_cookie}");
    let cookie = format!(
        "{}; {}",
        ada.credential.clone().unwrap().1,
        flash_cookie.split(';').next().unwrap()
    );
    let next_visit = Person {
        credential: Some(("cookie", cookie)),
        ..ada
    };
    assert!(
        next_visit
            .gets(PAGE)
            .await
            .text()
            .contains("https://holly.example.org/join?secret=")
    );
}

#[tokio::test]
async fn admins_are_promoted_and_demoted_except_the_last_one() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        signed_in_admin(&app).await,
        app.browser("bob@example.org").await,
    );
    assert_eq!(
        submit_change(&ada, "admin", &bob, &[("admin", "true")])
            .await
            .header("location"),
        PAGE
    );
    assert_eq!(bob.gets("/stats").await.status, 200);
    assert_eq!(
        submit_change(&bob, "admin", &ada, &[("admin", "false")])
            .await
            .header("location"),
        PAGE
    );
    assert_eq!(ada.gets("/stats").await.status, 404);
    for (action, fields) in [
        ("admin", [("admin", "false")]),
        ("disable", [("disabled", "true")]),
        ("erase", [("email", "bob@example.org")]),
    ] {
        let refused = submit_change(&bob, action, &bob, &fields).await;
        let back = refused
            .header("location")
            .trim_start_matches(&bob.base)
            .to_owned();
        assert!(
            bob.follows(&refused)
                .await
                .text()
                .contains("Bob@example.org is the last admin"),
            "{action}: {back}"
        );
    }
}

#[tokio::test]
async fn disabling_a_user_ends_sessions_streams_and_turns() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_models(vec![model]).await;
    let (ada, bob) = (
        signed_in_admin(&app).await,
        app.browser("bob@example.org").await,
    );
    let key = app.key_of(&bob).await;
    let conversation = bob.begins().await;
    let (mut by_cookie, mut by_key) = (bob.streams("").await, key.streams("").await);
    let long_poll = tokio::spawn({
        let (key, other_conversation) = (key.clone(), bob.begins().await);
        let cursor = bob.cursor().await;
        async move {
            key.gets(&format!(
                "/api/work-log/list?after={cursor}&wait=60&conversationId={other_conversation}"
            ))
            .await
        }
    });
    bob.says(&conversation, "Hello").await;
    events
        .send(Ok(ModelEvent::Text("Half an ".into())))
        .unwrap();
    by_cookie.next_named("delta").await;
    submit_change(&ada, "disable", &bob, &[("disabled", "true")]).await;
    for stream in [&mut by_cookie, &mut by_key] {
        stream.next_named("auth").await;
        assert_eq!(stream.next().await, None);
    }
    assert_eq!(
        within("the long poll", long_poll).await.unwrap().status,
        401
    );
    app.app.tasks.close();
    within("the turn to end", app.app.tasks.wait()).await;
    for client in [&bob, &key] {
        assert_eq!(client.gets("/api/work-log/list").await.status, 401);
    }
    assert!(
        ada.gets(PAGE)
            .await
            .text()
            .contains("Enable: bob@example.org")
    );
    submit_change(&ada, "disable", &bob, &[("disabled", "false")]).await;
    let enabled = app.signed_in(bob.id).await;
    let answer = &enabled.reads(&conversation).await["messages"][1];
    assert_eq!(
        (&answer["content"], &answer["status"]),
        (&json!("Half an "), &json!("stopped"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_a_user_takes_effect_on_other_servers() {
    let database = Postgres::create().await;
    let (events, model) = ToldModel::pair();
    let (first, second) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), Some(model)).await,
    );
    let (ada, bob) = (
        signed_in_admin(&first).await,
        second.person("bob@example.org").await,
    );
    let mut stream = bob.streams("").await;
    let conversation = bob.begins().await;
    bob.says(&conversation, "Hello").await;
    events
        .send(Ok(ModelEvent::Text("Half an ".into())))
        .unwrap();
    stream.next_named("delta").await;
    submit_change(&ada, "disable", &bob, &[("disabled", "true")]).await;
    stream.next_named("auth").await;
    assert_eq!(bob.gets("/api/conversations").await.status, 401);
    let mut wakes = second.app.store.wakeups().subscribe(bob.id);
    within("the turn to end", async {
        while !turns::running(&mut second.app.store.connection().await.unwrap(), bob.id)
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
async fn an_admin_deletes_a_user_and_gets_a_receipt() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        signed_in_admin(&app).await,
        app.person("bob@example.org").await,
    );
    let conversation = bob.begins().await;
    bob.says(&conversation, "Paint a lighthouse").await;
    bob.awaits_the_end(&conversation).await;
    let folder = app
        .file(bob.id, new_id::file(app.app.clock.now()))
        .parent()
        .unwrap()
        .to_owned();
    assert!(folder.exists());
    let wrong = submit_change(&ada, "erase", &bob, &[("email", "eve@example.org")]).await;
    assert!(
        wrong.header("location").contains("__err")
            && bob.gets("/api/conversations").await.status == 200
    );
    let erased = submit_change(&ada, "erase", &bob, &[("email", " Bob@example.org ")]).await;
    let html = ada.gets(erased.header("location")).await.text();
    assert!(
        html.contains(" account is erased.")
            && html.contains("every tier: 1 conversation, 2 messages, 3 entries and 1 file."),
        "{}",
        erased.header("location")
    );
    assert!(!html.contains("bob@example.org") && !folder.exists());
    assert_eq!(bob.gets("/api/conversations").await.status, 401);
    let again = submit_change(&ada, "erase", &bob, &[("email", "bob@example.org")]).await;
    assert!(again.header("location").contains("__err"));
}

#[tokio::test]
async fn the_page_shows_no_content_of_other_users() {
    let app = TestApp::start().await;
    let (ada, bob) = (
        signed_in_admin(&app).await,
        app.person("bob@example.org").await,
    );
    bob.notes("private").await;
    let page = ada.gets(PAGE).await.text();
    assert!(page.contains("bob@example.org") && !page.contains("private"));
}

#[tokio::test]
async fn changing_the_password_ends_other_sessions() {
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
    for (password, accepted) in [(PASSWORD, false), ("battery staple", true)] {
        let form = [("email", "bob@example.org"), ("password", password)];
        let answer = app
            .anonymous()
            .submits("/fn/account/sign-in", "/sign-in", &form)
            .await;
        assert_eq!(answer.sets_session(), accepted, "{password}");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_can_be_ended_by_their_user() {
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
        "only its owner can end a session"
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

#[tokio::test]
async fn a_link_of_an_admin_sets_a_new_password_once_and_ends_sessions() {
    let app = TestApp::start().await;
    let ada = signed_in_admin(&app).await;
    let (store, now) = (&app.app.store, app.app.clock.now());
    identity::add_account(store, now, "bob@example.org", "battery staple", false)
        .await
        .unwrap();
    let bob = identity::find_by_email(store, "bob@example.org")
        .await
        .unwrap();
    let device = app.signed_in(bob.id).await;
    let id = bob.id.to_string();
    let made = ada
        .submits("/fn/people/password", PAGE, &[("id", &id)])
        .await;
    let page = ada.follows(&made).await.text();
    let (_, secret) = page.split_once("/join?secret=").unwrap();
    let secret: String = secret.chars().take_while(char::is_ascii_hexdigit).collect();
    let nobody = app.anonymous();
    let form = |password| vec![("secret", secret.as_str()), ("password", password)];
    let weak = nobody
        .submits("/fn/people/join", "/join", &form("12345678"))
        .await;
    assert!(!weak.sets_session());
    let set = nobody
        .submits("/fn/people/join", "/join", &form(PASSWORD))
        .await;
    assert!(set.sets_session(), "{set:?}");
    assert_eq!(device.gets("/api/work-log/list").await.status, 401);
    let again = nobody
        .submits("/fn/people/join", "/join", &form(PASSWORD))
        .await;
    assert!(!again.sets_session());
    for (password, is_right) in [("battery staple", false), (PASSWORD, true)] {
        let form = [("email", "bob@example.org"), ("password", password)];
        let answer = nobody
            .submits("/fn/account/sign-in", "/sign-in", &form)
            .await;
        assert_eq!(answer.sets_session(), is_right, "{password}");
    }
    for (disabled, email) in [("true", "disabled"), ("false", "enabled")] {
        let form = [("id", id.as_str()), ("disabled", disabled)];
        ada.submits("/fn/people/disable", PAGE, &form).await;
        let made = ada
            .submits("/fn/people/password", PAGE, &[("id", &id)])
            .await;
        let shows_link = ada.follows(&made).await.text().contains("/join?secret=");
        assert_eq!(shows_link, disabled == "false", "{email}");
    }
}

#[tokio::test]
async fn a_new_password_revokes_keys_if_asked() {
    let app = TestApp::start().await;
    let (store, now) = (&app.app.store, app.app.clock.now());
    let account = identity::add_account(store, now, "bob@example.org", PASSWORD, false)
        .await
        .unwrap();
    let bob = app.signed_in(account.id).await;
    let key = app.key_of(&bob).await;
    for (revoke, old, new, status) in [
        (None, PASSWORD, "battery staple", 200),
        (Some("true"), "battery staple", PASSWORD, 401),
    ] {
        let mut form = vec![("password", old), ("new_password", new)];
        form.extend(revoke.map(|revoke| ("revoke_keys", revoke)));
        let changed = bob
            .submits("/fn/account/password", "/settings", &form)
            .await;
        assert!(
            changed.header("location").contains("changed=password"),
            "{changed:?}"
        );
        assert_eq!(
            key.gets("/api/work-log/list").await.status,
            status,
            "{revoke:?}"
        );
    }
}
