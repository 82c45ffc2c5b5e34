//! The provider's addresses.

use super::{CLIENT_ID, CLIENT_SECRET, Inside};
use crate::{server::base::digest::random_hex, tests::support::people::NOW};
use axum::{
    Json, Router,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

type Shared = State<Arc<Mutex<Inside>>>;
type Pairs = HashMap<String, String>;

pub(super) fn router(inside: Arc<Mutex<Inside>>) -> Router {
    Router::new()
        .route("/realm/.well-known/openid-configuration", get(description))
        .route("/realm/keys", get(keys))
        .route("/realm/authorize", get(authorize))
        .route("/realm/token", post(token))
        .route("/realm/userinfo", get(userinfo))
        .layer(from_fn_with_state(inside.clone(), unless_down))
        .with_state(inside)
}

async fn unless_down(State(inside): Shared, request: Request, next: Next) -> Response {
    if inside.lock().unwrap().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    next.run(request).await
}

async fn description(State(inside): Shared) -> Json<Value> {
    let issuer = inside.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer, "jwks_uri": format!("{issuer}/keys"), "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "userinfo_endpoint": format!("{issuer}/userinfo"),
        "end_session_endpoint": format!("{issuer}/end?from=holly"),
    }))
}

async fn keys(State(inside): Shared) -> Json<Value> {
    let mut inside = inside.lock().unwrap();
    inside.fetches += 1;
    let shared_secret = json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256" });
    let unknown = json!({ "kty": "XX", "kid": "unknown" });
    let keys = inside
        .keys
        .iter()
        .map(super::SigningKey::published)
        .chain([shared_secret, unknown]);
    Json(json!({ "keys": keys.collect::<Vec<_>>() }))
}

/// Somebody has signed in at once, and goes back with a code.
async fn authorize(State(inside): Shared, Query(mut asked): Query<Pairs>) -> Response {
    let mut inside = inside.lock().unwrap();
    let fits = asked["client_id"] == CLIENT_ID
        && asked["response_type"] == "code"
        && asked["code_challenge_method"] == "S256";
    if !fits || !asked["scope"].contains("openid") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let code = format!("code-{}", random_hex::<8>());
    let back = format!(
        "{}?code={code}&state={}",
        asked["redirect_uri"], asked["state"]
    );
    if let Some(challenge) = inside.lies.remove("challenge") {
        asked.insert("code_challenge".to_owned(), challenge);
    }
    inside.given.push(code.clone());
    inside.codes.insert(code, asked);
    Redirect::to(&back).into_response()
}

/// A code is exchanged once, by the client that asked for it, with the verifier of its challenge.
async fn token(State(inside): Shared, headers: HeaderMap, body: String) -> Response {
    let mut inside = inside.lock().unwrap();
    let form: Pairs = reqwest::Url::parse(&format!("form:?{body}"))
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    let shown = headers["authorization"]
        .to_str()
        .unwrap()
        .trim_start_matches("Basic ");
    let shown = String::from_utf8(STANDARD.decode(shown).unwrap()).unwrap();
    let right = "holly+at+home:canary-client%3Asecret%257";
    assert_eq!(
        right
            .split_once(':')
            .unwrap()
            .1
            .replace("%3A", ":")
            .replace("%25", "%"),
        CLIENT_SECRET
    );
    let Some(asked) = inside.codes.remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if shown != right {
        return refused("invalid_client");
    }
    if challenge != asked["code_challenge"]
        || form["redirect_uri"] != asked["redirect_uri"]
        || form["grant_type"] != "authorization_code"
    {
        return refused("invalid_grant");
    }
    let now = NOW.millis() / 1_000;
    let mut claims = inside.person.clone();
    let nonce = inside
        .lies
        .remove("nonce")
        .unwrap_or_else(|| asked["nonce"].clone());
    let said = json!({ "iss": inside.issuer, "aud": CLIENT_ID, "nonce": nonce, "iat": now, "exp": now + 60 });
    for (name, value) in said.as_object().unwrap() {
        if claims.get(name).is_none() {
            claims[name] = value.clone();
        }
    }
    let (id_token, access_token) = (
        inside.keys[0].signs(&claims),
        format!("access-{}", random_hex::<16>()),
    );
    inside
        .given
        .extend([id_token.clone(), access_token.clone()]);
    Json(json!({ "id_token": id_token, "access_token": access_token, "token_type": "Bearer", "expires_in": 60 })).into_response()
}

fn refused(why: &str) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "error": why, "error_description": "canary-description" })),
    )
        .into_response()
}

async fn userinfo(State(inside): Shared, headers: HeaderMap) -> Response {
    let inside = inside.lock().unwrap();
    let shown = headers["authorization"]
        .to_str()
        .unwrap()
        .trim_start_matches("Bearer ")
        .to_owned();
    if !inside.given.contains(&shown) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(inside.userinfo.clone()).into_response()
}
