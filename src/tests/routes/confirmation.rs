//! Server functions that want a proof of who the user is from the last 10 minutes.

use crate::{
    server::{
        http::confirmation::{FUNCTIONS, Proof},
        identity::{self, RECENT_MS},
    },
    tests::support::{Answer, Person, TestApp},
};
use reqwest::Method;
use std::collections::BTreeSet;

const PASSWORD: &str = "correct horse";

#[test]
fn every_server_function_says_which_proof_it_wants() {
    let functions: BTreeSet<&str> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, _)| path)
        .collect();
    let rows: BTreeSet<&str> = FUNCTIONS.iter().map(|(path, _)| *path).collect();
    assert_eq!(rows.len(), FUNCTIONS.len(), "a function has two rows");
    assert_eq!(
        functions, rows,
        "add a row to src/server/http/confirmation.rs for each server function"
    );
}

async fn calls(person: &Person, path: &str) -> Answer {
    let request = person
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", &person.base);
    Answer::to(request.body("")).await
}

#[tokio::test]
async fn a_session_that_was_not_confirmed_lately_gets_only_what_wants_no_proof() {
    let app = TestApp::start().await;
    let now = app.app.clock.now();
    let ada = identity::add_account(&app.app.store, now, "ada@example.org", PASSWORD, true).await;
    let id = ada.unwrap().id;
    let fresh = app.signed_in(id).await;
    for stale in [false, true] {
        if stale {
            app.app.clock.advance(RECENT_MS + 1);
        }
        for (path, proof) in FUNCTIONS {
            // the others end the session
            if path.starts_with("/fn/account/") && *proof == Proof::Session {
                continue;
            }
            let answer = calls(&fresh, path).await;
            let is_asked = answer.text().contains("confirm");
            let expected = stale && *proof == Proof::Recent;
            assert_eq!(is_asked && answer.status == 403, expected, "{path} {stale}");
        }
    }
}

#[tokio::test]
async fn a_plain_form_leads_to_the_confirmation_and_back() {
    let app = TestApp::start().await;
    let now = app.app.clock.now();
    let ada = identity::add_account(&app.app.store, now, "ada@example.org", PASSWORD, false).await;
    let ada = app.signed_in(ada.unwrap().id).await;
    app.app.clock.advance(RECENT_MS + 1);
    let new_key = [("name", "deploy")];
    let asked = ada.submits("/fn/keys/create", "/settings", &new_key).await;
    assert_eq!(
        (asked.status, asked.header("location")),
        (303, "/confirm?next=/settings")
    );
    let page = ada.gets("/confirm?next=/settings").await;
    assert!(page.text().contains("submit the form again"));
    let confirm = async |password: &str| {
        let form = [("password", password), ("next", "/settings")];
        let from = "/confirm?next=/settings";
        ada.submits("/fn/account/confirm", from, &form).await
    };
    confirm("wrong horse").await;
    let asked = ada.submits("/fn/keys/create", "/settings", &new_key).await;
    assert_eq!(asked.header("location"), "/confirm?next=/settings");
    let confirmed = confirm(PASSWORD).await;
    assert_eq!(confirmed.header("location"), "/settings");
    let made = ada.submits("/fn/keys/create", "/settings", &new_key).await;
    assert!(!made.header("location").contains("confirm"), "{made:?}");
}
