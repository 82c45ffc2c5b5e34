//! `holly check` against models that answer and models that fail.

use super::{
    link,
    stub::{ReceivedRequest, Reply, Stub},
    wire,
};
use crate::{
    server::{
        assistant::{
            link::ProviderKind, retry_policy::ModelTimeouts,
            tools::services::settings::ServiceConfig,
        },
        base::data_dir::DataDir,
        serve::check::check,
        state::config::Config,
    },
    tests::support::test_config,
};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_check_tries_each_model_and_reports_its_error() {
    let folder = tempfile::tempdir().unwrap();
    let good = Stub::replying([Reply::streams(wire::groq_says(&["OK"]))]).await;
    let leaky =
        json!({ "error": { "message": "Incorrect key: gsk_canaryErrorAbcdefghijklmnopq123456" } });
    let bad = Stub::replying([Reply::refuses(401, leaky)]).await;
    let config = Config {
        models: vec![
            link(ProviderKind::Groq, "good", &good),
            link(ProviderKind::Gemini, "bad", &bad),
        ],
        model_timeouts: ModelTimeouts::new(Duration::from_secs(30)),
        services: ServiceConfig::demo(),
        ..test_config(folder.path())
    };
    let findings = check(&config).await;
    let models: Vec<_> = findings
        .iter()
        .filter(|finding| finding.what.starts_with("model"))
        .collect();
    assert!(
        models[0].what == "model groq:good"
            && models[0]
                .result
                .as_ref()
                .unwrap()
                .starts_with("answered after "),
        "{models:?}"
    );
    assert_eq!(
        models[1].result,
        Err("refused the key (401): Incorrect key: [masked]".to_owned())
    );
    assert!(
        findings
            .iter()
            .filter(|finding| !finding.what.starts_with("model"))
            .all(|finding| finding.result.is_ok()),
        "{findings:?}"
    );
}

#[tokio::test]
async fn a_server_running_on_the_same_data_is_not_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        models: Vec::new(),
        services: ServiceConfig::demo(),
        ..test_config(folder.path())
    };
    let data_dir_result = async || check(&config).await.remove(0).result;
    assert_eq!(data_dir_result().await, Ok("writable".to_owned()));
    let running = DataDir::take(&config.data_dir).unwrap();
    assert_eq!(
        data_dir_result().await,
        Ok("in use by a running server".to_owned())
    );
    drop(running);
}

#[tokio::test]
async fn the_check_tells_what_each_model_takes() {
    let folder = tempfile::tempdir().unwrap();
    let refuse_tools = |request: &ReceivedRequest| match request.body.get("tools") {
        Some(_) => Reply::refuses(
            400,
            json!({ "error": { "message": "m does not support tools" } }),
        ),
        None => Reply::streams(wire::openai_says(&["OK"])),
    };
    let without_tools = Stub::answering(refuse_tools).await;
    let sees = Stub::replying([Reply::streams(wire::gemini_says(&["OK"]))]).await;
    let config = Config {
        models: vec![
            link(ProviderKind::Ollama, "m", &without_tools),
            link(ProviderKind::Gemini, "m", &sees),
        ],
        model_timeouts: ModelTimeouts::new(Duration::from_secs(30)),
        services: ServiceConfig::demo(),
        ..test_config(folder.path())
    };
    let takes: Vec<String> = check(&config)
        .await
        .into_iter()
        .filter(|finding| finding.what.starts_with("model"))
        .map(|finding| finding.result.unwrap().split_once("; ").unwrap().1.into())
        .collect();
    assert_eq!(
        takes,
        [
            "tools: no, pictures: not sent, system prompt: yes",
            "tools: yes, pictures: yes, system prompt: yes"
        ]
    );
}
