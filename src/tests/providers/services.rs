//! Images, music and video from media services, against stub servers.

use super::stub::{ReceivedRequest, Reply, Stub};
use crate::{
    components::samples,
    server::{
        assistant::{
            tool::{Progress, ToolContext, ToolError, ToolOutput},
            tools::{
                Registry,
                services::{
                    fal::PollConfig,
                    settings::{Producer, Service, ServiceConfig},
                },
            },
        },
        base::outbound::Outbound,
    },
    tests::support::{TestApp, within},
};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";
const MP3: &[u8] = b"ID3 and so on";
const WITHOUT_DELAY: PollConfig = PollConfig {
    every: Duration::ZERO,
    times: 50,
};

fn service(stub: &Stub, model: &str) -> Service {
    Service {
        base: stub.base.parse().unwrap(),
        key: "the-key".parse().ok(),
        model: model.to_owned(),
    }
}

/// The media tools with fal.ai's queue at `stub`, whose results may be fetched from the loopback
/// address.
fn fal(stub: &Stub) -> ServiceConfig {
    let by = |model| Producer::Fal(service(stub, model));
    let fetch_hosts = vec!["127.0.0.1".to_owned()];
    ServiceConfig {
        image: by("fal-ai/flux/schnell"),
        music: by("cassetteai/music-generator"),
        video: by("fal-ai/ltx-video"),
        fetch_hosts,
    }
}

fn context() -> (ToolContext, watch::Receiver<Progress>) {
    let (progress, seen) = watch::channel(Progress::default());
    (
        ToolContext {
            progress,
            cancel: CancellationToken::new(),
            delay_factor: 0.0,
            tasks: TaskTracker::new(),
        },
        seen,
    )
}

async fn run_tool(
    config: &ServiceConfig,
    tool: &str,
    arguments: Value,
) -> Result<ToolOutput, ToolError> {
    let run = Registry::from_config(config, WITHOUT_DELAY)
        .unwrap()
        .find(tool)
        .unwrap()
        .run(arguments, context().0);
    within("the tool", run).await
}

/// A stub of fal.ai's queue: the job waits, progresses and completes with `result`, in which
/// `{base}` is the stub's address.
async fn queue(result: Value, file: (&'static str, &'static [u8])) -> Stub {
    let polls = AtomicUsize::new(0);
    Stub::answering(move |request: &ReceivedRequest| {
        let base = format!(
            "http://{}/",
            request
                .headers
                .split("host: ")
                .nth(1)
                .unwrap()
                .split("\r\n")
                .next()
                .unwrap()
        );
        let path = request.line.split(' ').nth(1).unwrap().to_owned();
        match () {
            () if request.line.starts_with("POST") => {
                let at = |end: &str| format!("{base}fal-ai/x/requests/r-1{end}");
                Reply::gives(
                    "application/json",
                    json!({
                        "request_id": "r-1", "status_url": at("/status"), "response_url": at(""),
                        "cancel_url": "http://192.0.2.1/elsewhere"
                    })
                    .to_string(),
                )
            }
            () if path.ends_with("/status?logs=1") => {
                let status = match polls.fetch_add(1, Ordering::SeqCst) {
                    0 => json!({ "status": "IN_QUEUE", "queue_position": 3 }),
                    1 => json!({ "status": "IN_PROGRESS", "logs": [{ "message": " 50%|███" }] }),
                    _ => json!({ "status": "COMPLETED" }),
                };
                Reply::gives("application/json", status.to_string())
            }
            () if path.ends_with("/requests/r-1") => Reply::gives(
                "application/json",
                result.to_string().replace("{base}", &base),
            ),
            () if path.starts_with("/files/") => Reply::gives(file.0, file.1),
            () => Reply::refuses(404, json!({})),
        }
    })
    .await
}

#[tokio::test]
async fn an_image_from_the_fal_queue_reports_progress() {
    let stub = queue(
        json!({
            "images": [{ "url": "{base}files/a.png", "content_type": "image/png" }], "seed": 1
        }),
        ("image/png", PNG),
    )
    .await;
    let (context, mut seen) = context();
    let run = Registry::from_config(&fal(&stub), WITHOUT_DELAY)
        .unwrap()
        .find("generate_image")
        .unwrap()
        .run(json!({ "prompt": "a tree", "style": "oil" }), context);
    let progress_updates = async {
        let mut updates = Vec::new();
        while seen.changed().await.is_ok() {
            updates.push(seen.borrow_and_update().clone());
        }
        updates
    };
    let (output, updates) = within("the tool", async { tokio::join!(run, progress_updates) }).await;
    let output = output.unwrap();
    assert_eq!(
        (output.files[0].bytes.as_slice(), output.files[0].media_type),
        (PNG, "image/png")
    );
    assert_eq!(
        output.files[0].description, "A tree",
        "the description has no demo label"
    );
    assert!(
        updates.iter().any(|progress| progress.percent == Some(50)),
        "{updates:?}"
    );
    let requests = stub.requests();
    assert_eq!(
        (requests[0].line.as_str(), &requests[0].body),
        (
            "POST /fal-ai/flux/schnell",
            &json!({ "prompt": "a tree, oil" })
        )
    );
    assert!(requests[0].headers.contains("authorization: key the-key"));
    let fetch = requests
        .iter()
        .find(|request| request.line.contains("/files/"))
        .unwrap();
    assert!(
        !fetch.headers.contains("the-key"),
        "the key stays with the service"
    );
}

#[tokio::test]
async fn demo_tools_return_the_sample_files() {
    for (tool, sample) in ["generate_image", "generate_music", "generate_video"]
        .into_iter()
        .zip(samples::files())
    {
        let output = run_tool(&ServiceConfig::demo(), tool, json!({ "prompt": "a tree" })).await;
        let file = output.unwrap().files.remove(0);
        assert_eq!(
            (file.name, file.media_type, file.bytes.len() as i64),
            (sample.name, sample.media_type.as_str(), sample.bytes)
        );
    }
}

#[tokio::test]
async fn the_media_type_of_music_comes_from_its_bytes() {
    let stub = queue(
        json!({ "audio_file": { "url": "{base}files/a", "content_type": "text/html" } }),
        ("text/html", MP3),
    )
    .await;
    let output = run_tool(
        &fal(&stub),
        "generate_music",
        json!({ "prompt": "a waltz", "seconds": 12 }),
    )
    .await
    .unwrap();
    assert_eq!(
        (
            output.files[0].media_type,
            output.files[0].name.ends_with(".mp3")
        ),
        ("audio/mpeg", true)
    );
    assert_eq!(stub.requests()[0].body["duration"], 12);
}

#[tokio::test]
async fn a_result_that_is_not_an_image_is_refused() {
    let stub = queue(
        json!({ "images": [{ "url": "{base}files/a.png" }] }),
        ("image/png", b"<html>"),
    )
    .await;
    let error = run_tool(&fal(&stub), "generate_image", json!({ "prompt": "a tree" }))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "The file that the service sent is not a picture."
    );
}

#[tokio::test]
async fn a_result_at_a_private_address_is_not_fetched() {
    let stub = queue(
        json!({ "images": [{ "url": "{base}files/a.png" }] }),
        ("image/png", PNG),
    )
    .await;
    let config = ServiceConfig {
        fetch_hosts: Vec::new(),
        ..fal(&stub)
    };
    let error = run_tool(&config, "generate_image", json!({ "prompt": "a tree" }))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("may not be fetched"), "{error}");
    assert!(
        !stub
            .requests()
            .iter()
            .any(|request| request.line.contains("/files/"))
    );
}

#[tokio::test]
async fn redirects_and_large_files_cannot_bypass_the_limits() {
    let internal = Stub::replying([Reply::gives("image/png", PNG)]).await;
    let internal_url: &'static str = Box::leak(
        internal
            .base
            .replace("127.0.0.1", "127.0.0.2")
            .into_boxed_str(),
    );
    let stub = Stub::replying([
        Reply::refuses(302, json!({})).with("location", internal_url),
        Reply::gives("image/png", vec![0; 2_000]),
    ])
    .await;
    let outbound = Outbound::new(&["127.0.0.1".to_owned()]).unwrap();
    assert!(
        outbound
            .fetch(&stub.base, 1_000)
            .await
            .unwrap_err()
            .to_string()
            .contains("may not be fetched")
    );
    assert_eq!(
        outbound
            .fetch(&stub.base, 1_000)
            .await
            .unwrap_err()
            .to_string(),
        "the file is larger than 1000 bytes"
    );
    assert!(internal.requests().is_empty());
}

#[tokio::test]
async fn a_service_error_is_reported() {
    let stub = Stub::replying([Reply::refuses(
        422,
        json!({ "detail": "prompt is not allowed" }),
    )])
    .await;
    let error = run_tool(&fal(&stub), "generate_video", json!({ "prompt": "x" }))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "The service answered 422: prompt is not allowed"
    );
}

#[tokio::test]
async fn a_cancelled_run_is_cancelled_in_the_queue() {
    let stub = queue(json!({}), ("", b"")).await;
    let (context, _seen) = context();
    let (cancel, tasks) = (context.cancel.clone(), context.tasks.clone());
    let slow = PollConfig {
        every: Duration::from_secs(3_600),
        times: 2,
    };
    let run = Registry::from_config(&fal(&stub), slow)
        .unwrap()
        .find("generate_video")
        .unwrap()
        .run(json!({ "prompt": "rain" }), context);
    let running = tokio::spawn(run);
    while !stub
        .requests()
        .iter()
        .any(|request| request.line.contains("/status"))
    {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    assert_eq!(running.await.unwrap(), Err(ToolError::Cancelled));
    tasks.close();
    within("the last request", tasks.wait()).await;
    assert_eq!(
        stub.requests().last().unwrap().line,
        "PUT /fal-ai/ltx-video/requests/r-1/cancel"
    );
}

#[tokio::test]
async fn an_image_comes_from_an_openai_images_endpoint() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let answer =
        json!({ "created": 1, "data": [{ "b64_json": BASE64_STANDARD.encode(PNG) }] }).to_string();
    let stub = Stub::replying([
        Reply::gives("application/json", answer),
        Reply::refuses(400, json!({ "error": { "message": "Too rude." } })),
    ])
    .await;
    let config = ServiceConfig {
        image: Producer::OpenAi(service(&stub, "gpt-image-1")),
        ..ServiceConfig::demo()
    };
    let output = run_tool(&config, "generate_image", json!({ "prompt": "a tree" }))
        .await
        .unwrap();
    assert_eq!(output.files[0].bytes, PNG);
    let request = &stub.requests()[0];
    assert_eq!(
        (request.line.as_str(), &request.body["model"]),
        ("POST /images/generations", &json!("gpt-image-1"))
    );
    assert!(request.headers.contains("authorization: bearer the-key"));
    let error = run_tool(&config, "generate_image", json!({ "prompt": "a tree" }))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "The service answered 400: Too rude.");
}

#[tokio::test]
async fn an_image_from_a_service_is_shown_in_the_conversation() {
    let stub = queue(
        json!({ "images": [{ "url": "{base}files/a.png" }] }),
        ("image/png", PNG),
    )
    .await;
    let services = fal(&stub);
    let app = TestApp::with(|config| config.services = services, |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Paint a tree").await;
    ada.awaits_the_end(&conversation).await;
    let entries = ada.entries(&conversation).await;
    let tool = entries
        .iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    assert_eq!(
        (&tool["status"], &tool["title"]),
        (&json!("success"), &json!("Image: tree")),
        "{tool}"
    );
    let file = &tool["metadata"]["files"][0];
    let read = ada
        .gets(&format!("/files/{}", file["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        (
            read.status,
            read.bytes.as_slice(),
            read.headers["content-type"].to_str().unwrap()
        ),
        (200, PNG, "image/png")
    );
}
