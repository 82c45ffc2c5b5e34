//! Every per-user limit over a real port: the response names the limit and when to retry, and other
//! users are not affected.

use crate::{
    domain::time::DAY_MS,
    server::{
        assistant::model::{ModelError, ModelEvent, Usage},
        limits::{Limits, settings::LimitConfig},
    },
    tests::support::{
        Answer, CallingModel, Person, ScriptedModel, TestApp, ToldModel, databases::Postgres,
    },
};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n and then pixels";

async fn limited(limits: impl FnOnce(&mut LimitConfig)) -> TestApp {
    TestApp::with(|config| limits(&mut config.limits), |_| {}).await
}

async fn send_files(person: &Person, conversation: &str, files: usize, bytes: usize) -> Answer {
    let part =
        || Part::bytes([PICTURE, &vec![0; bytes - PICTURE.len()]].concat()).file_name("a.png");
    let form = (0..files).fold(Form::new().text("content", "Look"), |form, _| {
        form.part("attachment", part())
    });
    Answer::to(
        person
            .request(
                Method::POST,
                &format!("/api/conversations/{conversation}/messages"),
            )
            .multipart(form),
    )
    .await
}

/// The detail of a 429 whose `Retry-After` is within `within_s` seconds.
fn refused(answer: &Answer, within_s: u64) -> String {
    let problem = answer.expect(429);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=within_s).contains(&seconds), "{seconds}");
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn messages_per_minute_are_limited_on_every_route() {
    let app = limited(|limits| limits.messages_per_minute = 2).await;
    let (ada, bob) = (
        app.browser("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let conversation = ada.begins().await;
    for _ in 0..2 {
        ada.says(&conversation, "Hello").await;
        ada.awaits_the_end(&conversation).await;
    }
    let (messages, again) = (
        format!("/api/conversations/{conversation}/messages"),
        format!("/api/conversations/{conversation}/regenerate"),
    );
    assert!(
        refused(&ada.posts(&messages, json!({"content": "And?"})).await, 60)
            .contains("too many messages in a minute")
    );
    refused(&ada.posts(&again, json!({})).await, 60);
    let last = ada.reads(&conversation).await["messages"][2]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (function, field) in [
        ("send", ("content", "And?")),
        ("retry", ("x", "")),
        ("edit", ("message_id", last.as_str())),
    ] {
        let body = format!(
            "conversation_id={conversation}&{}={}&content=x",
            field.0,
            field.1.replace('?', "%3F")
        );
        let body = if field.0 == "content" {
            body.trim_end_matches("&content=x").to_owned()
        } else {
            body
        };
        let request = ada
            .request(Method::POST, &format!("/fn/turns/{function}"))
            .header("accept", "application/json");
        let answer = Answer::to(
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body),
        )
        .await;
        assert_eq!(answer.status, 429, "{function}: {}", answer.text());
        assert!(
            answer.header("retry-after").parse::<u64>().is_ok(),
            "{function}"
        );
    }
    let other_conversation = bob.begins().await;
    bob.says(&other_conversation, "others are not concerned")
        .await;
    app.app.clock.advance(60_000);
    ada.says(&conversation, "a minute later").await;
}

#[tokio::test]
async fn conversations_and_keys_have_their_own_limits() {
    let app = limited(|limits| limits.creates_per_minute = 1).await;
    let ada = app.browser("ada@example.org").await;
    ada.notes("one").await;
    ada.begins().await;
    assert!(
        refused(&ada.posts("/api/conversations", json!({})).await, 61)
            .contains("too many conversations")
    );
    let create_key = async |name: &str| {
        ada.submits("/fn/keys/create", "/settings", &[("name", name)])
            .await
    };
    assert_eq!(create_key("one").await.header("location"), "/settings");
    assert!(create_key("two").await.header("location").contains("__err"));
}

#[tokio::test]
async fn uploads_per_minute_are_limited() {
    let app = limited(|limits| limits.uploads_per_minute = 3).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    send_files(&ada, &conversation, 2, 100).await.expect(202);
    ada.awaits_the_end(&conversation).await;
    assert!(
        refused(&send_files(&ada, &conversation, 2, 100).await, 60)
            .contains("too many files in a minute")
    );
    send_files(&ada, &conversation, 1, 100).await.expect(202);
}

#[tokio::test]
async fn upload_bytes_per_day_are_limited() {
    let app = limited(|limits| limits.bounds.upload_bytes_per_day = 1_000_000).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (conversation, bobs_conversation) = (ada.begins().await, bob.begins().await);
    send_files(&ada, &conversation, 1, 700_000)
        .await
        .expect(202);
    ada.awaits_the_end(&conversation).await;
    let detail = refused(&send_files(&ada, &conversation, 1, 700_000).await, 86_400);
    assert!(
        detail.contains("you have 0.3 MB of your daily 1.0 MB of uploads left"),
        "{detail}"
    );
    send_files(&bob, &bobs_conversation, 1, 700_000)
        .await
        .expect(202);
    send_files(&ada, &conversation, 1, 300_000)
        .await
        .expect(202);
    ada.awaits_the_end(&conversation).await;
    app.app.clock.advance(DAY_MS);
    send_files(&ada, &conversation, 1, 700_000)
        .await
        .expect(202);
}

#[tokio::test]
async fn stored_bytes_are_limited_and_deleting_frees_them() {
    let app = limited(|limits| limits.bounds.file_bytes = 1_000_000).await;
    let ada = app.person("ada@example.org").await;
    let (conversation, second) = (ada.begins().await, ada.begins().await);
    send_files(&ada, &conversation, 1, 700_000)
        .await
        .expect(202);
    let full = send_files(&ada, &second, 1, 700_000).await;
    assert_eq!(full.refused_fields(), ["attachment"]);
    assert!(
        full.text()
            .contains("your files take 0.7 MB of 1.0 MB; delete conversations"),
        "{}",
        full.text()
    );
    ada.awaits_the_end(&conversation).await;
    ada.deletes(&format!("/api/conversations/{conversation}"))
        .await
        .expect(200);
    send_files(&ada, &second, 1, 700_000).await.expect(202);
}

#[tokio::test]
async fn a_tool_file_over_the_limit_fails_only_the_tool() {
    let model = CallingModel::of(&[("generate_image", json!({"prompt": "a lighthouse"}))]);
    let app = TestApp::with_limits(|limits| limits.bounds.file_bytes = 10, model).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Paint").await;
    let read = ada.awaits_the_end(&conversation).await;
    assert!(
        read["messages"][1]["content"]
            .as_str()
            .unwrap()
            .contains("your files take 0.0 MB"),
        "{read}"
    );
    let failed = ada
        .entries(&conversation)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    assert_eq!(failed["status"], "error");
}

#[tokio::test]
async fn concurrent_answers_are_limited_across_processes() {
    let app = TestApp::with_limits(
        |limits| limits.bounds.turns = 1,
        ScriptedModel::that_says("Slow", vec![None]),
    )
    .await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (conversation, second) = (ada.begins().await, ada.begins().await);
    ada.says(&conversation, "Hello").await;
    let second_messages = format!("/api/conversations/{second}/messages");
    let detail = refused(
        &ada.posts(&second_messages, json!({"content": "Hello"}))
            .await,
        60,
    );
    assert!(
        detail.contains("you already have 1 answer in progress"),
        "{detail}"
    );
    let bobs_conversation = bob.begins().await;
    let others = bob
        .posts(
            &format!("/api/conversations/{bobs_conversation}/messages"),
            json!({"content": "Hello"}),
        )
        .await;
    assert_eq!(others.status, 202);
    ada.posts(
        &format!("/api/conversations/{conversation}/stop"),
        json!({}),
    )
    .await
    .expect(200);
    ada.awaits_the_end(&conversation).await;
    ada.posts(&second_messages, json!({"content": "Hello"}))
        .await
        .expect(202);
}

fn answer(tokens: i64) -> Vec<Option<Result<ModelEvent, ModelError>>> {
    let usage = Some(Usage {
        input_tokens: tokens - 1,
        output_tokens: 1,
        estimated: false,
    });
    vec![
        Some(Ok(ModelEvent::Text("Good day.".into()))),
        Some(Ok(ModelEvent::End {
            usage,
            cut_short: false,
        })),
    ]
}

fn warnings(entries: &[Value]) -> Vec<&Value> {
    entries
        .iter()
        .filter(|entry| entry["title"] == "The tokens for today are used up")
        .collect()
}

#[tokio::test]
async fn daily_tokens_run_out_with_one_warning_and_renew_the_next_day() {
    let model = ScriptedModel::that_says("Scripted", answer(600));
    let app = TestApp::with_limits(|limits| limits.tokens_per_day = 1_000, model).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    ada.awaits_the_end(&conversation).await;
    assert_eq!(warnings(&ada.entries(&conversation).await).len(), 0);
    ada.says(&conversation, "And?").await;
    let read = ada.awaits_the_end(&conversation).await;
    assert_eq!(
        read["messages"][3]["status"], "done",
        "a turn that has begun is finished"
    );
    let detail = refused(
        &ada.posts(
            &format!("/api/conversations/{conversation}/messages"),
            json!({"content": "x"}),
        )
        .await,
        86_400,
    );
    assert!(
        detail.starts_with(
            "your 1,000 tokens for today are used up; \
             there are new ones at midnight UTC, in 14 h 30 min"
        ),
        "{detail}"
    );
    refused(
        &ada.posts(
            &format!("/api/conversations/{conversation}/regenerate"),
            json!({}),
        )
        .await,
        86_400,
    );
    let entries = ada.entries(&conversation).await;
    let warnings = warnings(&entries);
    assert_eq!(
        (
            warnings.len(),
            &warnings[0]["status"],
            &warnings[0]["metadata"]["tokensPerDay"]
        ),
        (1, &json!("warning"), &json!(1_000))
    );
    let bobs_conversation = bob.begins().await;
    bob.says(&bobs_conversation, "others are not concerned")
        .await;
    app.app.clock.advance(DAY_MS);
    ada.says(&conversation, "Good morning").await;
}

#[tokio::test]
async fn running_out_of_tokens_during_tool_calls_fails_the_turn() {
    let model = CallingModel::of(&[("generate_image", json!({"prompt": "a lighthouse"}))]);
    let app = TestApp::with_limits(|limits| limits.tokens_per_day = 5, model).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Paint").await;
    let read = ada.awaits_the_end(&conversation).await;
    let last = read["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(last["status"], "failed");
    assert!(
        last["content"]
            .as_str()
            .unwrap()
            .starts_with("Your 5 tokens for today are used up; "),
        "{last}"
    );
    assert_eq!(warnings(&ada.entries(&conversation).await).len(), 1);
}

#[tokio::test]
async fn a_stopped_answer_counts_its_tokens() {
    let (events, model) = ToldModel::pair();
    let app = TestApp::with_limits(|limits| limits.tokens_per_day = 10, model).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, "Hello").await;
    stream
        .rows_until(|event| event.data["entry"]["status"] == "working")
        .await;
    events
        .send(Ok(ModelEvent::Text("Half an ".into())))
        .unwrap();
    stream.next_named("delta").await;
    ada.posts(
        &format!("/api/conversations/{conversation}/stop"),
        json!({}),
    )
    .await
    .expect(200);
    ada.awaits_the_end(&conversation).await;
    refused(
        &ada.posts(
            &format!("/api/conversations/{conversation}/messages"),
            json!({"content": "x"}),
        )
        .await,
        86_400,
    );
}

#[tokio::test]
async fn invitations_and_password_attempts_are_limited_per_minute() {
    let app = TestApp::start().await;
    let id = app.admin().await.id;
    let ada = app.signed_in(id).await;
    let submit = |person: &Person, path: &str, body: String| {
        let request = person
            .request(Method::POST, path)
            .header("accept", "application/json");
        Answer::to(
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body),
        )
    };
    for n in 0..=20 {
        let invited = submit(
            &ada,
            "/fn/people/invite",
            format!("email=guest{n}%40example.org"),
        )
        .await;
        assert_eq!(
            invited.status,
            if n < 20 { 200 } else { 429 },
            "{n}: {}",
            invited.text()
        );
        assert_eq!(invited.header("retry-after").is_empty(), n < 20);
    }
    let anonymous = app.anonymous();
    for (who, path, body) in [
        (
            &anonymous,
            "/fn/account/sign-in",
            "email=eve%40example.org&password=wrong+horse",
        ),
        (
            &anonymous,
            "/fn/people/join",
            "secret=guessed&password=correct+horse",
        ),
        (
            &anonymous,
            "/fn/account/welcome",
            "email=eve%40example.org&password=correct+horse",
        ),
        (
            &ada,
            "/fn/account/password",
            "password=wrong+horse&new_password=battery+staple",
        ),
        (&ada, "/fn/account/erase", "password=wrong+horse"),
    ] {
        app.app.clock.advance(60_000);
        let mut answers = Vec::new();
        for _ in 0..=10 {
            answers.push(submit(who, path, body.to_owned()).await);
        }
        let last = answers.pop().unwrap();
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer.status, 404 | 422)),
            "{path}: {:?}",
            answers[0]
        );
        assert_eq!(last.status, 429, "{path}: {}", last.text());
        assert!(
            (1..=60).contains(&last.header("retry-after").parse::<u64>().unwrap()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_daily_limit_is_shared_by_all_servers() {
    let database = Postgres::create().await;
    let (first, second) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = first.person("ada@example.org").await;
    let limits = Limits::new(
        &LimitConfig {
            tokens_per_day: 10,
            ..LimitConfig::default()
        },
        &first.app.clock,
    );
    let now = first.app.clock.now();
    limits
        .tokens
        .count(&first.app.store, now, ada.id, 10)
        .await
        .unwrap();
    assert!(
        limits
            .tokens
            .check(&second.app.store, now, ada.id)
            .await
            .is_err()
    );
    assert!(
        limits
            .tokens
            .check(&second.app.store, now.plus(DAY_MS), ada.id)
            .await
            .is_ok()
    );
}
