//! Tokens, codes, the client's secret and what the browser keeps: none is stored, logged or told.

use super::{asked_with, comes_back, leaves, signs_in, with_provider};
use crate::tests::support::provider::{CLIENT_SECRET, TestProvider};
use serde_json::json;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn nothing_that_opens_anything_is_stored_logged_or_told() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let provider = TestProvider::start().await;
    let app = with_provider(&provider, |_| {}).await;
    let ada = signs_in(&app).await;
    let (good, bad) = (provider.token("ada|1", json!({})), provider.token("ada|1", json!({ "exp": 7 })));
    let mut told = asked_with(&app, &good).await.text() + &asked_with(&app, &bad).await.text();
    let returning = leaves(&app, "/").await;
    provider.inside().lies.insert("nonce", "another".into());
    for answer in [comes_back(&app, &returning).await, comes_back(&app, &returning).await, ada.gets("/settings").await] {
        told += &format!("{:?}{}", answer.headers, answer.text());
    }
    let kept = app.app.config.data_dir.clone();
    let files: Vec<u8> = files_below(&kept).into_iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let attempt = returning.cookie.split_once('=').unwrap().1.split('.').next().unwrap().to_owned();
    let secrets = provider
        .inside()
        .given
        .iter()
        .cloned()
        .chain([CLIENT_SECRET.into(), "canary-description".into(), attempt, good, bad])
        .collect::<Vec<_>>();
    assert!(secrets.len() > 8 && log.contains("somebody signed in") && log.contains("could not be signed in"), "{log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
        assert!(!told.contains(&secret), "{secret} was told");
        assert!(!files.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} was stored");
    }
    assert!(!format!("{:?}", app.app.config).contains(CLIENT_SECRET));
}
