//! The provider's endpoints.

use super::{CLIENT_ID, CLIENT_SECRET, ProviderState};
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

type SharedState = State<Arc<Mutex<ProviderState>>>;
type Params = HashMap<String, String>;

pub(super) fn router(state: Arc<Mutex<ProviderState>>) -> Router {
    Router::new()
        .route(
            "/realm/.well-known/openid-configuration",
            get(configuration),
        )
        .route("/realm/keys", get(keys))
        .route("/realm/authorize", get(authorize))
        .route("/realm/token", post(token))
        .route("/realm/userinfo", get(userinfo))
        .layer(from_fn_with_state(state.clone(), fail_when_down))
        .with_state(state)
}

async fn fail_when_down(State(state): SharedState, request: Request, next: Next) -> Response {
    if state.lock().unwrap().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    next.run(request).await
}

async fn configuration(State(state): SharedState) -> Json<Value> {
    let issuer = state.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "end_session_endpoint": format!("{issuer}/end?from=holly"),
    }))
}

async fn keys(State(state): SharedState) -> Json<Value> {
    let mut state = state.lock().unwrap();
    state.fetches += 1;
    let shared_secret = json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256" });
    let unknown = json!({ "kty": "XX", "kid": "unknown" });
    let keys = state
        .keys
        .iter()
        .map(super::SigningKey::published)
        .chain([shared_secret, unknown]);
    Json(json!({ "keys": keys.collect::<Vec<_>>() }))
}

/// Signs the user in without a prompt and redirects back with a code.
async fn authorize(State(state): SharedState, Query(mut query): Query<Params>) -> Response {
    let mut state = state.lock().unwrap();
    let valid = query["client_id"] == CLIENT_ID
        && query["response_type"] == "code"
        && query["code_challenge_method"] == "S256";
    if !valid || !query["scope"].contains("openid") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let code = format!("code-{}", random_hex::<8>());
    let redirect_to = format!(
        "{}?code={code}&state={}",
        query["redirect_uri"], query["state"]
    );
    if let Some(challenge) = state.wrong_values.remove("challenge") {
        query.insert("code_challenge".to_owned(), challenge);
    }
    state.given.push(code.clone());
    state.codes.insert(code, query);
    Redirect::to(&redirect_to).into_response()
}

/// Exchanges a code once, for its client, with the verifier of its challenge.
async fn token(State(state): SharedState, headers: HeaderMap, body: String) -> Response {
    let mut state = state.lock().unwrap();
    let form: Params = reqwest::Url::parse(&format!("form:?{body}"))
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    let presented = headers["authorization"]
        .to_str()
        .unwrap()
        .trim_start_matches("Basic ");
    let presented = String::from_utf8(STANDARD.decode(presented).unwrap()).unwrap();
    let expected = "holly+at+home:canary-client%3Asecret%257";
    assert_eq!(
        expected
            .split_once(':')
            .unwrap()
            .1
            .replace("%3A", ":")
            .replace("%25", "%"),
        CLIENT_SECRET
    );
    let Some(query) = state.codes.remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if presented != expected {
        return refused("invalid_client");
    }
    if challenge != query["code_challenge"]
        || form["redirect_uri"] != query["redirect_uri"]
        || form["grant_type"] != "authorization_code"
    {
        return refused("invalid_grant");
    }
    let now = NOW.millis() / 1_000;
    let mut claims = state.person.clone();
    let nonce = state
        .wrong_values
        .remove("nonce")
        .unwrap_or_else(|| query["nonce"].clone());
    let defaults = json!({
        "iss": state.issuer, "aud": CLIENT_ID, "nonce": nonce, "iat": now, "exp": now + 60,
    });
    for (name, value) in defaults.as_object().unwrap() {
        if claims.get(name).is_none() {
            claims[name] = value.clone();
        }
    }
    let (id_token, access_token) = (
        state.keys[0].signs(&claims),
        format!("access-{}", random_hex::<16>()),
    );
    state.given.extend([id_token.clone(), access_token.clone()]);
    let tokens = json!({
        "id_token": id_token, "access_token": access_token,
        "token_type": "Bearer", "expires_in": 60,
    });
    Json(tokens).into_response()
}

fn refused(why: &str) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "error": why, "error_description": "canary-description" })),
    )
        .into_response()
}

async fn userinfo(State(state): SharedState, headers: HeaderMap) -> Response {
    let state = state.lock().unwrap();
    let presented = headers["authorization"]
        .to_str()
        .unwrap()
        .trim_start_matches("Bearer ")
        .to_owned();
    if !state.given.contains(&presented) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(state.userinfo.clone()).into_response()
}
