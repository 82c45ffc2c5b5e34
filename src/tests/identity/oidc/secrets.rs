//! Tokens, codes, the client secret and the browser's login state are neither stored nor returned.

use super::{browser_signed_in, finish_login, list_with_token, start_login, with_provider};
use crate::tests::support::{
    folders::files_below,
    provider::{CLIENT_SECRET, TestProvider},
};
use serde_json::json;

#[tokio::test]
async fn no_credential_is_stored_or_returned() {
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = browser_signed_in(&app).await;
    let (valid, expired) = (
        provider.token("ada|1", json!({})),
        provider.token("ada|1", json!({ "exp": 7 })),
    );
    let mut returned =
        list_with_token(&app, &valid).await.text() + &list_with_token(&app, &expired).await.text();
    let pending = start_login(&app, "/").await;
    provider
        .inside()
        .wrong_values
        .insert("nonce", "another".into());
    for answer in [
        finish_login(&app, &pending).await,
        finish_login(&app, &pending).await,
        ada.gets("/settings").await,
    ] {
        returned += &format!("{:?}{}", answer.headers, answer.text());
    }
    let data_dir = app.app.config.data_dir.clone();
    let files: Vec<u8> = files_below(&data_dir)
        .into_iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect();
    let login_state = pending
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
            login_state,
            valid,
            expired,
        ])
        .collect::<Vec<_>>();
    assert!(secrets.len() > 8);
    for secret in secrets {
        assert!(!returned.contains(&secret), "{secret} was returned");
        assert!(
            !files
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "{secret} was stored"
        );
    }
    assert!(!format!("{:?}", app.app.config).contains(CLIENT_SECRET));
}
