//! Tokens, codes, the client's secret and what the browser keeps: none is stored or told.

use super::{asked_with, comes_back, leaves, signs_in, with_provider};
use crate::tests::support::provider::{CLIENT_SECRET, TestProvider};
use serde_json::json;

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn nothing_that_opens_anything_is_stored_or_told() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = signs_in(&app).await;
    let (good, bad) = (
        provider.token("ada|1", json!({})),
        provider.token("ada|1", json!({ "exp": 7 })),
    );
    let mut told = asked_with(&app, &good).await.text() + &asked_with(&app, &bad).await.text();
    let returning = leaves(&app, "/").await;
    provider.inside().lies.insert("nonce", "another".into());
    for answer in [
        comes_back(&app, &returning).await,
        comes_back(&app, &returning).await,
        ada.gets("/settings").await,
    ] {
        told += &format!("{:?}{}", answer.headers, answer.text());
    }
    let kept = app.app.config.data_dir.clone();
    let files: Vec<u8> = files_below(&kept)
        .into_iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect();
    let attempt = returning
        .cookie
        .split_once('=')
        .unwrap()
        .1
        .split('.')
        .next()
        .unwrap()
        .to_owned();
    let secrets = provider
        .inside()
        .given
        .iter()
        .cloned()
        .chain([
            CLIENT_SECRET.into(),
            "canary-description".into(),
            attempt,
            good,
            bad,
        ])
        .collect::<Vec<_>>();
    assert!(secrets.len() > 8);
    for secret in secrets {
        assert!(!told.contains(&secret), "{secret} was told");
        assert!(
            !files
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "{secret} was stored"
        );
    }
    assert!(!format!("{:?}", app.app.config).contains(CLIENT_SECRET));
}
