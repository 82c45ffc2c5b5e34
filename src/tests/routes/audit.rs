//! The audit log: what each door records, what it never has, and how long it is kept.

use crate::{
    domain::{
        AuditAction,
        ids::UserId,
        time::{DAY_MS, HOUR_MS},
    },
    server::{
        archive::holds,
        audit::{FAILED_PER_DAY, KEPT_DAYS},
        identity,
        serve::workers,
        store::api_keys,
    },
    tests::support::{Answer, Person, TestApp},
};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

const PASSWORD: &str = "correct horse";
const BOB: &str = "bob@example.org";
const STRANGER: &str = "stranger@example.net";
/// What somebody typed into the wrong field.
const TYPED: &str = "hunter2-typed-as-address";

/// Who goes through a door.
#[derive(Clone, Copy)]
enum Caller {
    Nobody,
    Bob,
    Admin,
}

use Caller::{Admin, Bob, Nobody};

/// Caller, method and address, form, the action that the audit log then has, and whether it is
/// about Bob. `{id}` is Bob's id; `{key}`, `{hold}` and `{secret}` are what was created before.
const DOORS: &[(Caller, &str, &str, &str, bool)] = &[
    (
        Nobody,
        "/fn/account/sign-in",
        "email=Bob%40example.org&password=correct+horse",
        "signed_in",
        false,
    ),
    (
        Nobody,
        "/fn/account/sign-in",
        "email=bob%40example.org&password=wrong+horse",
        "sign_in_failed",
        true,
    ),
    (
        Nobody,
        "/fn/account/sign-in",
        "email=stranger%40example.net&password=wrong+horse",
        "sign_in_failed",
        false,
    ),
    (
        Nobody,
        "/fn/account/sign-in",
        "email=hunter2-typed-as-address&password=wrong+horse",
        "sign_in_failed",
        false,
    ),
    (
        Admin,
        "/fn/people/invite",
        "email=stranger%40example.net",
        "user_invited",
        false,
    ),
    (
        Admin,
        "/fn/people/withdraw",
        "email=stranger%40example.net",
        "invitation_withdrawn",
        false,
    ),
    (
        Nobody,
        "/fn/people/join",
        "secret={secret}&password=correct+horse",
        "joined",
        false,
    ),
    (
        Admin,
        "/fn/people/admin",
        "id={id}&admin=true",
        "admin_given",
        true,
    ),
    (
        Admin,
        "/fn/people/admin",
        "id={id}&admin=false",
        "admin_removed",
        true,
    ),
    (Bob, "/fn/keys/create", "name=x", "key_created", true),
    (Bob, "/fn/keys/revoke", "id={key}", "key_revoked", true),
    (
        Bob,
        "/fn/approvals/revoke",
        "tool=write_note",
        "grant_revoked",
        false,
    ),
    (Bob, "GET /api/work-log/export", "", "exported", true),
    (
        Bob,
        "/fn/account/password",
        "password=correct+horse&new_password=battery+staple",
        "password_changed",
        false,
    ),
    (
        Bob,
        "/fn/account/end-session",
        "id=guessed",
        "signed_out",
        false,
    ),
    (Bob, "/fn/account/sign-out", "", "signed_out", false),
    (
        Admin,
        "/fn/holds/place",
        "email=bob%40example.org&reason=x",
        "hold_placed",
        true,
    ),
    (
        Admin,
        "/fn/holds/release",
        "id={hold}",
        "hold_released",
        false,
    ),
    (
        Admin,
        "/fn/people/disable",
        "id={id}&disabled=true",
        "user_disabled",
        true,
    ),
    (
        Admin,
        "/fn/people/disable",
        "id={id}&disabled=false",
        "user_enabled",
        true,
    ),
    (Admin, "/fn/retention/run", "", "retention_run", false),
    (
        Admin,
        "POST /api/work-log/cleanup",
        "",
        "retention_run",
        false,
    ),
    (
        Admin,
        "/fn/people/erase",
        "id={id}&email=bob%40example.org",
        "account_erased",
        false,
    ),
];

async fn newest(admin: &Person) -> Value {
    admin.gets("/api/audit?limit=1").await.expect(200)["events"][0].clone()
}

async fn events(admin: &Person) -> Vec<Value> {
    let answer = admin.gets("/api/audit?limit=200").await.expect(200);
    answer["events"].as_array().unwrap().clone()
}

/// Bob, with a password.
async fn bob(app: &TestApp) -> Person {
    let (store, now) = (&app.app.store, app.app.clock.now());
    let account = identity::add_account(store, now, BOB, PASSWORD, false)
        .await
        .unwrap();
    app.signed_in(account.id).await
}

async fn filled(app: &TestApp, bob: UserId, form: &str) -> String {
    let keys = api_keys::of_user(&mut app.app.store.read().await.unwrap(), bob).await;
    let key = keys.unwrap().first().map(|key| key.id.clone());
    let holds = holds::holds_in_force(&app.app.tiers).await.unwrap();
    let hold = holds.first().map(|hold| hold.id.clone());
    let mut form = form
        .replace("{id}", &bob.to_string())
        .replace("{key}", &key.unwrap_or_default())
        .replace("{hold}", &hold.unwrap_or_default());
    if form.contains("{secret}") {
        let (store, now) = (&app.app.store, app.app.clock.now());
        let secret = identity::invite(store, now, None, "cy@example.org", false).await;
        form = form.replace("{secret}", &secret.unwrap());
    }
    form
}

async fn go(who: &Person, door: &str, form: String) -> Answer {
    let (method, path) = match door.split_once(' ') {
        Some(("GET", path)) => (Method::GET, path),
        Some((_, path)) => (Method::POST, path),
        None => (Method::POST, door),
    };
    let request = who.request(method, path).header("origin", &who.base);
    let kind = "application/x-www-form-urlencoded";
    Answer::to(request.header("content-type", kind).body(form)).await
}

async fn sign_in(app: &TestApp, email: &str) {
    let form = format!("email={}&password=wrong+horse", email.replace('@', "%40"));
    go(&app.anonymous(), "/fn/account/sign-in", form).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_records_its_action_without_what_was_typed() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin().await, bob(&app).await);
    let mut seen = BTreeSet::new();
    let mut texts = String::new();
    for (caller, door, form, action, is_about_bob) in DOORS {
        app.app.clock.advance(60_000);
        let form = filled(&app, bob.id, form).await;
        let (who, actor) = match caller {
            Nobody => (&app.anonymous(), None),
            Bob => (&bob, Some(bob.id)),
            Admin => (&admin, Some(admin.id)),
        };
        let answer = go(who, door, form).await;
        assert!(answer.status < 500, "{door}: {answer:?}");
        let event = newest(&admin).await;
        assert_eq!(event["action"], *action, "{door}: {answer:?}");
        let is_refused = action.starts_with("sign_in_");
        let outcome = if is_refused { "refused" } else { "done" };
        assert_eq!(event["outcome"], outcome, "{door}");
        let subject = is_about_bob.then(|| bob.id.to_string());
        if *action != "joined" {
            assert_eq!(event["subject"].as_str(), subject.as_deref(), "{event}");
        }
        match (actor, *action) {
            (_, "account_erased") => assert!(event["actor"].is_null(), "{event}"),
            (None, "signed_in") => assert_eq!(event["actor"], bob.id.to_string()),
            (None, "joined") => assert_eq!(event["actor"], event["subject"]),
            (actor, _) => assert_eq!(event["actor"], serde_json::json!(actor), "{event}"),
        }
        if *action != "account_erased" {
            assert_eq!(event["network"], "127.0.0.0/24", "{event}");
        }
        seen.insert((*action).to_owned());
        texts += &events(&admin)
            .await
            .into_iter()
            .map(|e| e.to_string())
            .collect::<String>();
    }
    for _ in 0..12 {
        sign_in(&app, STRANGER).await;
    }
    let limited = newest(&admin).await;
    assert_eq!(limited["action"], "sign_in_limited", "{limited}");
    seen.insert("sign_in_limited".to_owned());
    texts += &limited.to_string();
    let all: BTreeSet<String> = AuditAction::ALL.iter().map(|a| a.to_string()).collect();
    assert_eq!(seen, all, "an action without a door here");
    for canary in [PASSWORD, "wrong horse", "battery", "example", TYPED, "cy@"] {
        assert!(!texts.contains(canary), "{canary}");
    }
    assert!(texts.contains("\"detail\":\"address "));
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_an_account_leaves_no_event_with_its_id() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin().await, bob(&app).await);
    go(&bob, "/fn/keys/create", "name=x".to_owned()).await;
    let form = format!("id={}&admin=true", bob.id);
    go(&admin, "/fn/people/admin", form).await;
    sign_in(&app, BOB).await;
    let id = bob.id.to_string();
    let named = async || {
        let events = events(&admin).await;
        let texts = events.iter().map(Value::to_string);
        texts.filter(|text| text.contains(&id)).count()
    };
    assert_eq!(named().await, 3);
    let form = "password=correct+horse".to_owned();
    let answer = go(&bob, "/fn/account/erase", form).await;
    assert!(answer.status < 400, "{answer:?}");
    assert_eq!(named().await, 0);
    let event = newest(&admin).await;
    assert_eq!(event["action"], "account_erased");
    assert_eq!(event["detail"], "by its owner");
    assert!(
        event["actor"].is_null() && event["subject"].is_null(),
        "{event}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_kept_for_90_days() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    sign_in(&app, STRANGER).await;
    app.app.clock.advance(KEPT_DAYS * DAY_MS - HOUR_MS);
    workers::clean_up(&app.app).await.unwrap();
    assert_eq!(events(&admin).await.len(), 1);
    app.app.clock.advance(2 * HOUR_MS);
    workers::clean_up(&app.app).await.unwrap();
    assert_eq!(events(&admin).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_bounded_per_day_and_pages_follow_each_other() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let now = app.app.clock.now();
    let mut tx = app.app.store.begin().await.unwrap();
    let sql = "with recursive n(n) as (select 1 union all select n + 1 from n where n < $1) \
               insert into audit (id, at, action, outcome) select '00000000-0000-7000-8000-' || \
               substr('000000000000' || n, -12), $2, 'sign_in_failed', 'refused' from n";
    let query = sqlx::query(sql).bind(FAILED_PER_DAY - 1);
    query.bind(now.millis()).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..3 {
        sign_in(&app, STRANGER).await;
    }
    let stored = async || -> i64 {
        sqlx::query_scalar("select count(*) from audit")
            .fetch_one(&mut *app.app.store.read().await.unwrap())
            .await
            .unwrap()
    };
    assert_eq!(stored().await, FAILED_PER_DAY);
    go(&admin, "/fn/keys/create", "name=x".to_owned()).await;
    assert_eq!(
        stored().await,
        FAILED_PER_DAY + 1,
        "other events are not bounded"
    );
    let first = admin.gets("/api/audit?limit=2").await.expect(200);
    let actions: Vec<_> = (0..2)
        .map(|n| first["events"][n]["action"].clone())
        .collect();
    assert_eq!(actions, ["key_created", "sign_in_failed"]);
    assert_eq!(first["next"], first["events"][1]["id"]);
    let next = first["next"].as_str().unwrap();
    let second = admin
        .gets(&format!("/api/audit?limit=2&before={next}"))
        .await;
    let second = second.expect(200);
    assert_eq!(second["events"].as_array().unwrap().len(), 2);
    assert!(second["events"][0]["id"].as_str().unwrap() < next);
    for wrong in ["limit=0", "limit=201", "before=x", "x=1"] {
        admin.gets(&format!("/api/audit?{wrong}")).await.expect(422);
    }
    let page = admin.gets("/settings/audit").await.text();
    assert!(
        page.contains("key created") && page.contains("Earlier"),
        "{page}"
    );
    app.app.clock.advance(DAY_MS);
    sign_in(&app, STRANGER).await;
    assert_eq!(stored().await, FAILED_PER_DAY + 2);
}
