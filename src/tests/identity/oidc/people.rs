//! Accounts of OpenID Connect users: created at the first sign-in, linked by a verified email
//! address only, admin by a claim or a list.

use super::{
    browser_signed_in, count, finish_login, list_with_token, start_login, with_provider, with_token,
};
use crate::{
    domain::ids::UserId,
    server::{
        identity::oidc::{
            accounts::{SignInChannel, account_for_claims},
            claims::Claims,
            settings::ProviderConfig,
        },
        store::users,
    },
    tests::support::{
        TestApp,
        databases::on_both_databases,
        people::{NOW, person},
        provider::TestProvider,
    },
};
use serde_json::{Value, json};

async fn sign_in_location(app: &TestApp) -> String {
    finish_login(app, &start_login(app, "/").await)
        .await
        .header("location")
        .to_owned()
}

async fn users(app: &TestApp) -> Vec<(String, bool)> {
    let sql =
        "select email, case when admin_since is null then 0 else 1 end from users order by email";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql)
        .fetch_all(&mut *app.app.store.read().await.unwrap())
        .await
        .unwrap();
    rows.into_iter()
        .map(|(email, admin)| (email, admin == 1))
        .collect()
}

async fn disable(app: &TestApp, user: UserId) {
    let mut tx = app.app.store.begin().await.unwrap();
    sqlx::query("update users set disabled_at = 1 where id = $1")
        .bind(user.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn only_a_verified_email_links_to_an_existing_account() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let note = ada.notes("from before").await;
    for unverified in [json!(false), json!("no"), Value::Null] {
        provider.inside().person["email_verified"] = unverified;
        provider.inside().person["sub"] = json!("eve|3");
        assert_eq!(
            browser_signed_in(&app).await.lists("").await["logs"],
            json!([])
        );
    }
    provider.inside().person =
        json!({ "sub": "ada|1", "email": "ADA@example.org", "email_verified": true });
    assert_eq!(
        browser_signed_in(&app).await.lists("").await["logs"],
        json!([note])
    );
    let all = users(&app).await;
    assert_eq!(all.len(), 2);
    assert!(
        all.iter()
            .any(|(email, _)| email.ends_with("@sign-in.invalid")),
        "{all:?}"
    );
    provider.inside().person["sub"] = json!("a new person with the old address");
    assert_eq!(sign_in_location(&app).await, "/sign-in?trouble=taken");
    assert_eq!(count(&app, "identities").await, 2);
}

#[tokio::test]
async fn userinfo_counts_only_for_the_same_subject() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    provider.inside().person = json!({ "sub": "ada|1" });
    provider.inside().userinfo =
        json!({ "sub": "bob|2", "email": "bob@example.org", "email_verified": true });
    browser_signed_in(&app).await;
    assert!(users(&app).await[0].0.ends_with("@sign-in.invalid"));
    provider.inside().userinfo =
        json!({ "sub": "ada|1", "email": "ada@example.org", "email_verified": true });
    browser_signed_in(&app).await;
    assert_eq!(users(&app).await, [("ada@example.org".to_owned(), false)]);
}

#[tokio::test]
async fn the_email_follows_the_provider_unless_it_is_taken() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    app.person("bob@example.org").await;
    for (email, kept) in [
        ("ada@example.org", "ada@example.org"),
        ("bob@example.org", "ada@example.org"),
        ("ada@new.example", "ada@new.example"),
    ] {
        provider.inside().person["email"] = json!(email);
        browser_signed_in(&app).await;
        assert_eq!(users(&app).await[0].0, kept);
    }
}

#[tokio::test]
async fn every_sign_in_rechecks_the_admin_claim_and_list() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |rules| {
        rules.admin_claim = Some(("realm.roles".into(), "admin".into()));
        rules.admins = vec!["boss@example.org".into()];
    })
    .await;
    for (roles, email, admin) in [
        (json!({ "roles": ["user"] }), "ada@example.org", false),
        (
            json!({ "roles": ["user", "admin"] }),
            "ada@example.org",
            true,
        ),
        (json!({ "roles": "admin" }), "ada@example.org", true),
        (json!({ "roles": ["admins"] }), "ada@example.org", false),
        (json!({}), "boss@example.org", true),
        (json!(null), "ada@example.org", false),
    ] {
        provider.inside().person["realm"] = roles.clone();
        provider.inside().person["email"] = json!(email);
        let ada = browser_signed_in(&app).await;
        assert_eq!(
            ada.gets("/api/work-log/stats").await.status,
            if admin { 200 } else { 403 },
            "{roles} {email}"
        );
        assert_eq!(users(&app).await, [(email.to_owned(), admin)]);
    }
    let without_roles = provider.token("ada|1", json!({}));
    let with_roles = provider.token(
        "ada|1",
        json!({
            "realm": { "roles": ["admin"] }, "email": "ada@example.org", "email_verified": true
        }),
    );
    for (token, status) in [
        (&without_roles, 403),
        (&with_roles, 200),
        (&without_roles, 200),
    ] {
        assert_eq!(
            with_token(&app, token)
                .gets("/api/work-log/stats")
                .await
                .status,
            status,
            "a token without the claim keeps the stored role"
        );
    }
}

#[tokio::test]
async fn the_provider_revokes_only_admin_rights_it_granted() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |rules| {
        rules.admin_claim = Some(("admin".into(), "true".into()))
    })
    .await;
    let admin = app.admin().await;
    provider.inside().person["email"] = json!("admin@example.org");
    for is_admin in [json!(false), json!(true), json!(false)] {
        provider.inside().person["admin"] = is_admin;
        browser_signed_in(&app).await;
        assert_eq!(
            admin.gets("/api/work-log/stats").await.status,
            200,
            "promoted in Holly, not by the provider"
        );
    }
}

#[tokio::test]
async fn only_allowed_emails_get_an_account() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |rules| {
        rules.allowed = vec!["example.org".into(), "eve@evil.example".into()]
    })
    .await;
    for (email, verified, location) in [
        ("ada@example.org", true, "/"),
        ("ada@example.org", false, "/sign-in?trouble=not-allowed"),
        ("ada@sub.example.org", true, "/sign-in?trouble=not-allowed"),
        ("mallory@evil.example", true, "/sign-in?trouble=not-allowed"),
        (
            "example.org@evil.example",
            true,
            "/sign-in?trouble=not-allowed",
        ),
        ("eve@evil.example", true, "/"),
    ] {
        provider.inside().person =
            json!({ "sub": email, "email": email, "email_verified": verified });
        assert_eq!(sign_in_location(&app).await, location, "{email} {verified}");
    }
    assert_eq!(
        list_with_token(&app, &provider.token("mallory", json!({})))
            .await
            .status,
        401
    );
    assert_eq!(count(&app, "users").await, 2);
}

#[tokio::test]
async fn a_disabled_account_is_refused_on_every_sign_in_path() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let (ada, token) = (
        browser_signed_in(&app).await,
        provider.token("ada|1", json!({})),
    );
    assert_eq!(list_with_token(&app, &token).await.status, 200);
    let id: String = sqlx::query_scalar("select user_id from identities")
        .fetch_one(&mut *app.app.store.read().await.unwrap())
        .await
        .unwrap();
    disable(&app, id.parse().unwrap()).await;
    assert_eq!(ada.gets("/api/work-log/list").await.status, 401);
    let problem = list_with_token(&app, &token).await.expect(401);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("disabled account"),
        "{problem}"
    );
    assert_eq!(
        sign_in_location(&app).await,
        "/sign-in?trouble=switched-off"
    );
    let bob = app.person("bob@example.org").await;
    disable(&app, bob.id).await;
    provider.inside().person =
        json!({ "sub": "bob|2", "email": "bob@example.org", "email_verified": true });
    assert_eq!(
        sign_in_location(&app).await,
        "/sign-in?trouble=switched-off",
        "and is not linked"
    );
    assert_eq!(count(&app, "identities").await, 1);
}

fn rules() -> ProviderConfig {
    ProviderConfig {
        issuer: "https://id.example.org".into(),
        name: "x".into(),
        audiences: Vec::new(),
        parties: Vec::new(),
        client: None,
        allowed: Vec::new(),
        admin_claim: Some(("admin".into(), "true".into())),
        trust_unverified_email: false,
        leeway_ms: 60_000,
        admins: Vec::new(),
    }
}

fn claims_of(subject: &str, more: Value) -> Claims {
    let mut claims =
        json!({ "iss": "https://id.example.org", "sub": subject, "exp": 9_999_999_999_i64 });
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Claims::parse(claims.as_object().unwrap().clone()).unwrap()
}

on_both_databases! {
    async fn concurrent_first_sign_ins_create_one_account_per_subject(store: Store) {
        let mut callers = tokio::task::JoinSet::new();
        for n in 0..12 {
            let store = store.clone();
            let claims = claims_of(
                &format!("s{}", n % 2),
                json!({ "email": format!("p{}@example.org", n % 2), "email_verified": true }),
            );
            callers.spawn(async move {
                account_for_claims(&store, NOW, &rules(), &claims, SignInChannel::Api)
                    .await
                    .unwrap()
                    .id
            });
        }
        let ids: std::collections::BTreeSet<_> = callers.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(
            users::ids(&mut store.read().await.unwrap())
                .await
                .unwrap()
                .len(),
            2
        );
    }

    async fn deleting_an_account_deletes_its_identity(store: Store) {
        let account = account_for_claims(
            &store,
            NOW,
            &rules(),
            &claims_of("s", json!({ "admin": true })),
            SignInChannel::Browser,
        )
        .await
        .unwrap();
        assert!(account.is_admin);
        let mut tx = store.begin().await.unwrap();
        users::delete(&mut tx, account.id).await.unwrap();
        tx.commit().await.unwrap();
        let again = account_for_claims(
            &store,
            NOW,
            &rules(),
            &claims_of("s", json!({})),
            SignInChannel::Browser,
        )
        .await
        .unwrap();
        assert!(again.id != account.id && !again.is_admin);
    }

    async fn an_email_of_another_account_is_never_taken_over(store: Store) {
        let bob = person(&store, "bob").await;
        let sign_in_with = |claims: Claims| {
            let store = store.clone();
            async move { account_for_claims(&store, NOW, &rules(), &claims, SignInChannel::Browser).await }
        };
        let ada = sign_in_with(claims_of(
            "a",
            json!({ "email": "ada@example.org", "email_verified": true }),
        ))
        .await
        .unwrap();
        let same = sign_in_with(claims_of(
            "a",
            json!({ "email": "bob@example.org", "email_verified": true }),
        ))
        .await
        .unwrap();
        assert_eq!((same.id, same.email.as_str()), (ada.id, "ada@example.org"));
        assert_eq!(
            users::by_email(&mut store.read().await.unwrap(), "bob@example.org")
                .await
                .unwrap()
                .unwrap()
                .account
                .id,
            bob
        );
    }
}

#[tokio::test]
async fn an_address_of_unknown_verification_counts_only_if_the_provider_is_trusted() {
    let refused = "/sign-in?trouble=not-allowed";
    for (trusted, verified, location) in [
        (false, None, refused),
        (false, Some(Value::Null), refused),
        (false, Some(json!(true)), "/"),
        (true, None, "/"),
        (true, Some(Value::Null), "/"),
        (true, Some(json!(true)), "/"),
        (true, Some(json!(false)), refused),
        (true, Some(json!("false")), refused),
    ] {
        let provider = TestProvider::start().await;
        let app = with_provider(&provider, |rules| {
            rules.allowed = vec!["example.org".into()];
            rules.trust_unverified_email = trusted;
        })
        .await;
        let mut person = json!({ "sub": "ada|1", "email": "Ada@example.org" });
        let mut token = json!({ "email": "bob@example.org" });
        if let Some(verified) = verified {
            person["email_verified"] = verified.clone();
            token["email_verified"] = verified;
        }
        provider.inside().person = person.clone();
        assert_eq!(sign_in_location(&app).await, location, "{trusted} {person}");
        let answer = list_with_token(&app, &provider.token("bob|2", token)).await;
        assert_eq!(answer.status == 200, location == "/", "{trusted} {person}");
        if location == "/" {
            let emails: Vec<_> = users(&app).await.into_iter().map(|user| user.0).collect();
            assert!(emails.contains(&"ada@example.org".to_owned()), "{emails:?}");
        }
    }
}
