//! API calls with the provider's tokens: which are accepted, and that a rejection states the
//! reason.

use super::{count, list_with_token, with_provider, with_token};
use crate::{
    server::identity::oidc::settings::ProviderConfig,
    tests::support::{
        Answer, TestApp,
        people::NOW,
        provider::{SigningKey, TestProvider},
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

const NOW_S: i64 = NOW.millis() / 1_000;

#[tokio::test]
async fn a_token_signs_in_its_subject_and_creates_the_account_once() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = with_token(&app, &provider.token("ada|1", json!({})));
    let note = ada.notes("by token").await;
    let later = with_token(&app, &provider.token("ada|1", json!({ "jti": "another" })));
    assert_eq!(later.lists("").await["logs"], json!([note]));
    assert_eq!(
        with_token(&app, &provider.token("bob|2", json!({})))
            .lists("")
            .await["logs"],
        json!([])
    );
    assert_eq!(
        (count(&app, "users").await, count(&app, "identities").await),
        (2, 2)
    );
    assert_eq!(provider.fetches(), 1, "keys are fetched once");
    let two_keys = TestProvider::start().await;
    two_keys.rotates(SigningKey::ec("curve"));
    let app = with_provider(&two_keys, |_| {}).await;
    assert_eq!(
        list_with_token(
            &app,
            &two_keys.token("ada|1", json!({ "aud": ["x", "holly"] }))
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn a_token_has_every_scope_but_approve_and_calls_no_server_function() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = with_token(&app, &provider.token("ada|1", json!({})));
    let conversation = ada.begins().await;
    let approval = format!("/api/conversations/{conversation}/approvals/{conversation}");
    let refused = ada.posts(&approval, json!({ "decision": "once" })).await;
    let detail = refused.expect(403)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("`approve`"), "{detail}");
    let refused = ada.posts("/fn/page/settings", json!({})).await.expect(403);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("browsers that are signed in"), "{detail}");
}

#[tokio::test]
async fn a_token_with_wrong_or_missing_claims_is_rejected_with_a_reason() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |rules| {
        rules.parties = vec!["https://app.example.org".into()]
    })
    .await;
    let party = json!("https://app.example.org");
    for (changes, reason) in [
        (json!({ "iss": "https://evil.example" }), "another issuer"),
        (
            json!({ "iss": format!("{}/", provider.issuer) }),
            "another issuer",
        ),
        (json!({ "iss": null }), "cannot be read"),
        (json!({ "aud": "another" }), "another audience"),
        (json!({ "aud": null }), "another audience"),
        (json!({ "aud": 7 }), "cannot be read"),
        (json!({ "azp": "https://evil.example" }), "another party"),
        (json!({ "azp": null }), "another party"),
        (json!({ "exp": NOW_S - 60 }), "expired"),
        (json!({ "exp": null }), "cannot be read"),
        (json!({ "exp": "soon" }), "cannot be read"),
        (json!({ "nbf": NOW_S + 61 }), "not valid yet"),
        (json!({ "iat": NOW_S + 61 }), "not valid yet"),
        (json!({ "sts": "pending" }), "not finished signing in"),
        (json!({ "sub": null }), "cannot be read"),
        (json!({ "sub": "x".repeat(256) }), "cannot be read"),
        (json!({ "more": "x".repeat(16 * 1024) }), "cannot be read"),
    ] {
        let mut claims = json!({ "azp": party });
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let problem = list_with_token(&app, &provider.token("ada|1", claims))
            .await
            .expect(401);
        assert!(
            problem["detail"].as_str().unwrap().contains(reason),
            "{changes}: {problem}"
        );
    }
    assert_eq!(count(&app, "users").await, 0);
    for changes in [
        json!({}),
        json!({ "sts": "active" }),
        json!({ "exp": NOW_S as f64 + 0.5 }),
    ] {
        let mut claims = json!({ "azp": party });
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        assert_eq!(
            list_with_token(&app, &provider.token("ada|1", claims))
                .await
                .status,
            200,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn clock_skew_up_to_the_leeway_is_tolerated() {
    let provider = TestProvider::start().await;
    for leeway in [0, 5, 60, 300] {
        let app = with_provider(&provider, |rules| rules.leeway_ms = leeway * 1_000).await;
        for (claim, at, status) in [
            ("exp", 1 - leeway, 200),
            ("exp", -leeway, 401),
            ("nbf", leeway, 200),
            ("nbf", leeway + 1, 401),
            ("iat", leeway, 200),
            ("iat", leeway + 1, 401),
        ] {
            let token = provider.token("ada|1", json!({ claim: NOW_S + at }));
            let answer = list_with_token(&app, &token).await;
            let case = format!("leeway {leeway}, {claim} {at}: {}", answer.text());
            assert_eq!(answer.status, status, "{case}");
        }
    }
    let app = with_provider(&provider, |_| {}).await;
    let token = provider.token("ada|1", json!({}));
    app.app.clock.advance(119_999);
    assert_eq!(list_with_token(&app, &token).await.status, 200);
    app.app.clock.advance(1);
    assert_eq!(list_with_token(&app, &token).await.status, 401);
}

/// A token with this header and this signature, which may be empty.
fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn the_algorithm_comes_from_the_key_not_from_the_token() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let claims = provider.claims("ada|1");
    assert_eq!(
        list_with_token(&app, &provider.token("ada|1", json!({})))
            .await
            .status,
        200
    );
    let published = provider.inside().keys[0].published();
    let modulus = URL_SAFE_NO_PAD
        .decode(published["n"].as_str().unwrap())
        .unwrap();
    let mut forged = Vec::new();
    for alg in ["none", "None", "NONE", ""] {
        forged.push(unsigned(
            &json!({ "alg": alg, "kid": "first" }),
            &claims,
            "",
        ));
    }
    let header = |id: &str| Header {
        kid: Some(id.into()),
        ..Header::new(Algorithm::HS256)
    };
    for secret in [published.to_string().into_bytes(), modulus, b"".to_vec()] {
        forged.push(
            jsonwebtoken::encode(
                &header("first"),
                &claims,
                &EncodingKey::from_secret(&secret),
            )
            .unwrap(),
        );
    }
    forged.push(
        jsonwebtoken::encode(
            &header("shared"),
            &claims,
            &EncodingKey::from_secret(b"secret"),
        )
        .unwrap(),
    );
    forged.push(SigningKey::ec("first").signs(&claims));
    for token in &forged {
        assert_eq!(list_with_token(&app, token).await.status, 401, "{token}");
    }
    let valid = provider.token("ada|1", json!({}));
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let other = provider.token("eve|3", json!({}));
    let payload = other.split('.').nth(1).unwrap();
    let swapped = format!("{}.{payload}.{signature}", head.split_once('.').unwrap().0);
    for token in [
        swapped,
        format!("{head}."),
        head.to_owned(),
        format!("{valid}x"),
        "eyJ".to_owned(),
        format!("eyJ{}", "x".repeat(20_000)),
    ] {
        assert_eq!(list_with_token(&app, &token).await.status, 401);
    }
    assert_eq!(count(&app, "users").await, 1);
}

#[tokio::test]
async fn embedded_keys_and_unknown_critical_headers_are_rejected() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let attacker_key = SigningKey::ec("mine");
    let address = format!("{}/keys", TestProvider::start().await.issuer);
    let jwk = serde_json::from_value(attacker_key.published()).unwrap();
    let base = Header {
        kid: Some("first".into()),
        ..Header::new(Algorithm::ES256)
    };
    for header in [
        Header {
            jwk: Some(jwk),
            ..base.clone()
        },
        Header {
            jku: Some(address.clone()),
            ..base.clone()
        },
        Header {
            x5u: Some(address),
            ..base.clone()
        },
        Header {
            kid: None,
            ..base.clone()
        },
    ] {
        assert_eq!(
            list_with_token(
                &app,
                &attacker_key.signs_under(header, &provider.claims("ada|1"))
            )
            .await
            .status,
            401
        );
    }
    let provider_key = provider.inside().keys[0].clone();
    let header = |crit: Option<Vec<String>>| Header {
        kid: Some("first".into()),
        crit,
        ..Header::new(Algorithm::RS256)
    };
    let claims = provider.claims("ada|1");
    assert_eq!(
        list_with_token(
            &app,
            &provider_key.signs_under(header(Some(vec!["b64".into()])), &claims)
        )
        .await
        .status,
        401
    );
    assert_eq!(
        list_with_token(&app, &provider_key.signs_under(header(None), &claims))
            .await
            .status,
        200
    );
    assert_eq!(
        list_with_token(
            &app,
            &provider_key.signs_under(Header::new(Algorithm::RS256), &claims)
        )
        .await
        .status,
        200,
        "the only key needs no key id"
    );
}

#[tokio::test]
async fn tokens_need_an_expected_audience_or_authorized_party() {
    let provider = TestProvider::start().await;
    let clerk_claims = json!({ "aud": null, "azp": "https://app.example.org" });
    let no_audience = |rules: &mut ProviderConfig| rules.audiences.clear();
    let browser_only = with_provider(&provider, no_audience).await;
    let provider_only = with_provider(&provider, |rules| {
        rules.audiences.clear();
        rules.client = None;
    })
    .await;
    for (app, changes, status) in [
        (&browser_only, json!({}), 401),
        (&browser_only, clerk_claims.clone(), 401),
        (&provider_only, clerk_claims.clone(), 200),
        (&provider_only, json!({}), 401),
    ] {
        assert_eq!(
            list_with_token(app, &provider.token("ada|1", changes.clone()))
                .await
                .status,
            status,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn clerks_session_cookie_counts_only_with_authorized_parties() {
    let provider = TestProvider::start().await;
    let party = |rules: &mut ProviderConfig| {
        rules.audiences.clear();
        rules.parties = vec!["https://app.example.org".into()];
    };
    let (app, without_parties) = (
        with_provider(&provider, party).await,
        with_provider(&provider, |_| {}).await,
    );
    let token = provider.token(
        "ada|1",
        json!({ "aud": null, "azp": "https://app.example.org" }),
    );
    let with_cookie = |app: &TestApp, method: Method, path: &str| {
        app.anonymous()
            .request(method, path)
            .header("cookie", format!("x=1; __session={token}"))
    };
    assert_eq!(
        Answer::to(with_cookie(&app, Method::GET, "/api/work-log/list"))
            .await
            .status,
        200
    );
    assert_eq!(
        Answer::to(with_cookie(
            &without_parties,
            Method::GET,
            "/api/work-log/list"
        ))
        .await
        .status,
        401
    );
    for path in ["/api/work-log/create", "/fn/keys/create"] {
        let cross_site = with_cookie(&app, Method::POST, path)
            .header("origin", "https://evil.example")
            .body("name=x");
        assert_eq!(Answer::to(cross_site).await.status, 403, "{path}");
    }
    assert_eq!(
        Answer::to(with_cookie(&app, Method::GET, "/")).await.status,
        200,
        "the cookie opens pages too"
    );
}
