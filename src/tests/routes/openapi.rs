//! The OpenAPI document describes exactly the routes of the router.

use crate::{
    server::http::{
        routes::openapi::OPENAPI,
        scopes::{ROUTES, RouteRule},
    },
    tests::support::TestApp,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

/// The text up to the closing parenthesis of the call it is in.
fn arguments(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &text[..end.expect("a closed call")]
}

/// `method address` of every API route, read from the router's source.
fn routes() -> BTreeSet<String> {
    let router: String = include_str!("../../server/http/router.rs")
        .split_whitespace()
        .collect();
    let routes = router
        .split(".route(\"")
        .skip(1)
        .filter_map(|call| arguments(call).split_once("\","));
    let routes = routes.filter(|(address, _)| {
        (address.starts_with("/api/") || address.starts_with("/files/")) && !address.contains('*')
    });
    routes
        .flat_map(|(address, handlers)| {
            METHODS
                .into_iter()
                .filter(|method| handlers.contains(&format!("{method}(")))
                .map(move |method| format!("{method} {address}"))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn the_document_describes_exactly_the_routes() {
    let app = TestApp::start().await;
    let served = app.anonymous().gets("/openapi.json").await.expect(200);
    let paths = served["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        operations
            .as_object()
            .unwrap()
            .keys()
            .map(move |method| format!("{method} {path}"))
    });
    let described: BTreeSet<String> = operations.collect();
    assert_eq!(described, routes());
    let ids: Vec<&Value> = paths
        .values()
        .flat_map(|operations| operations.as_object().unwrap().values())
        .map(|operation| &operation["operationId"])
        .collect();
    assert_eq!(
        ids.iter()
            .map(|id| id.as_str().expect("an id"))
            .collect::<BTreeSet<_>>()
            .len(),
        ids.len()
    );
}

#[test]
fn the_document_names_the_scopes_of_each_route() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut described = 0;
    for (method, path, rule) in ROUTES {
        let operation = &document["paths"][path][method.to_lowercase()];
        let RouteRule::Scopes(scopes) = rule else {
            assert!(operation.is_null(), "{path}");
            continue;
        };
        if operation.is_null() {
            let is_undescribed = matches!(*path, "/messages" | "/metrics");
            assert!(
                is_undescribed,
                "{path} is neither a form of the pages nor for monitoring"
            );
            continue;
        }
        let mut expected: Vec<Value> = scopes
            .iter()
            .map(|scope| json!({ "apiKey": [scope] }))
            .collect();
        expected.push(json!({ "session": [] }));
        assert_eq!(operation["security"], json!(expected), "{method} {path}");
        assert!(operation["responses"]["403"].is_object(), "{method} {path}");
        described += 1;
    }
    assert!(described > 15);
}

#[test]
fn every_reference_resolves() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let references = OPENAPI
        .split("\"$ref\": \"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
