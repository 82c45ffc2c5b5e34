//! Every limit by person over a real port: who is over it is told what there was too much of and
//! when to come back, and others are not concerned.

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

async fn sends(person: &Person, here: &str, files: usize, bytes: usize) -> Answer {
    let part =
        || Part::bytes([PICTURE, &vec![0; bytes - PICTURE.len()]].concat()).file_name("a.png");
    let form = (0..files).fold(Form::new().text("content", "Look"), |form, _| {
        form.part("attachment", part())
    });
    Answer::to(
        person
            .request(Method::POST, &format!("/api/conversations/{here}/messages"))
            .multipart(form),
    )
    .await
}

/// The sentence of a 429 that says when to come back, within so many seconds.
fn refused(answer: &Answer, within_s: u64) -> String {
    let problem = answer.expect(429);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=within_s).contains(&seconds), "{seconds}");
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn messages_are_limited_by_the_minute_on_every_way_to_a_turn() {
    let app = limited(|limits| limits.messages_per_minute = 2).await;
    let (ada, bob) = (
        app.browser("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let here = ada.begins().await;
    for _ in 0..2 {
        ada.says(&here, "Hello").await;
        ada.awaits_the_end(&here).await;
    }
    let (messages, again) = (
        format!("/api/conversations/{here}/messages"),
        format!("/api/conversations/{here}/regenerate"),
    );
    assert!(
        refused(&ada.posts(&messages, json!({"content": "And?"})).await, 60)
            .contains("too many messages in a minute")
    );
    refused(&ada.posts(&again, json!({})).await, 60);
    let last = ada.reads(&here).await["messages"][2]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (function, field) in [
        ("send", ("content", "And?")),
        ("retry", ("x", "")),
        ("edit", ("message_id", last.as_str())),
    ] {
        let body = format!(
            "conversation_id={here}&{}={}&content=x",
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
    let there = bob.begins().await;
    bob.says(&there, "others are not concerned").await;
    app.app.clock.advance(60_000);
    ada.says(&here, "a minute later").await;
}

#[tokio::test]
async fn conversations_and_keys_are_limited_like_entries_each_for_itself() {
    let app = limited(|limits| limits.creates_per_minute = 1).await;
    let ada = app.browser("ada@example.org").await;
    ada.notes("one").await;
    ada.begins().await;
    assert!(
        refused(&ada.posts("/api/conversations", json!({})).await, 61)
            .contains("too many conversations")
    );
    let key = async |name: &str| {
        ada.submits("/fn/keys/create", "/settings", &[("name", name)])
            .await
    };
    assert_eq!(key("one").await.header("location"), "/settings");
    assert!(key("two").await.header("location").contains("__err"));
}

#[tokio::test]
async fn files_are_limited_by_the_minute() {
    let app = limited(|limits| limits.uploads_per_minute = 3).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    sends(&ada, &here, 2, 100).await.expect(202);
    ada.awaits_the_end(&here).await;
    assert!(refused(&sends(&ada, &here, 2, 100).await, 60).contains("too many files in a minute"));
    sends(&ada, &here, 1, 100).await.expect(202);
}

#[tokio::test]
async fn bytes_of_files_are_limited_by_the_day() {
    let app = limited(|limits| limits.bounds.upload_bytes_a_day = 1_000_000).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (here, there) = (ada.begins().await, bob.begins().await);
    sends(&ada, &here, 1, 700_000).await.expect(202);
    ada.awaits_the_end(&here).await;
    let said = refused(&sends(&ada, &here, 1, 700_000).await, 86_400);
    assert!(
        said.contains("of the 1.0 MB of files that you may send in a day, 0.3 MB are left"),
        "{said}"
    );
    sends(&bob, &there, 1, 700_000).await.expect(202);
    sends(&ada, &here, 1, 300_000).await.expect(202);
    ada.awaits_the_end(&here).await;
    app.app.clock.advance(DAY_MS);
    sends(&ada, &here, 1, 700_000).await.expect(202);
}

#[tokio::test]
async fn all_files_of_a_person_have_a_bound_and_deleting_makes_room() {
    let app = limited(|limits| limits.bounds.file_bytes = 1_000_000).await;
    let ada = app.person("ada@example.org").await;
    let (here, there) = (ada.begins().await, ada.begins().await);
    sends(&ada, &here, 1, 700_000).await.expect(202);
    let full = sends(&ada, &there, 1, 700_000).await;
    assert_eq!(full.refused_fields(), ["attachment"]);
    assert!(
        full.text()
            .contains("your files take 0.7 MB of 1.0 MB; delete conversations"),
        "{}",
        full.text()
    );
    ada.awaits_the_end(&here).await;
    ada.deletes(&format!("/api/conversations/{here}"))
        .await
        .expect(200);
    sends(&ada, &there, 1, 700_000).await.expect(202);
}

#[tokio::test]
async fn a_tool_s_file_that_does_not_fit_is_said_and_the_answer_goes_on() {
    let paints = CallingModel::of(&[("generate_image", json!({"prompt": "a lighthouse"}))]);
    let app = TestApp::with_limits(|limits| limits.bounds.file_bytes = 10, paints).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    ada.says(&here, "Paint").await;
    let read = ada.awaits_the_end(&here).await;
    assert!(
        read["messages"][1]["content"]
            .as_str()
            .unwrap()
            .contains("your files take 0.0 MB"),
        "{read}"
    );
    let failed = ada
        .entries(&here)
        .await
        .into_iter()
        .find(|entry| entry["logType"] == "tool_call")
        .unwrap();
    assert_eq!(failed["status"], "error");
}

#[tokio::test]
async fn answers_written_at_once_have_a_bound_over_all_processes() {
    let app = TestApp::with_limits(
        |limits| limits.bounds.turns = 1,
        ScriptedModel::that_says("Slow", vec![None]),
    )
    .await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let (here, there) = (ada.begins().await, ada.begins().await);
    ada.says(&here, "Hello").await;
    let more = format!("/api/conversations/{there}/messages");
    let said = refused(&ada.posts(&more, json!({"content": "Hello"})).await, 60);
    assert!(
        said.contains("1 answers are being written for you"),
        "{said}"
    );
    let bobs = bob.begins().await;
    let others = bob
        .posts(
            &format!("/api/conversations/{bobs}/messages"),
            json!({"content": "Hello"}),
        )
        .await;
    assert_eq!(others.status, 202);
    ada.posts(&format!("/api/conversations/{here}/stop"), json!({}))
        .await
        .expect(200);
    ada.awaits_the_end(&here).await;
    ada.posts(&more, json!({"content": "Hello"}))
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

fn warned(entries: &[Value]) -> Vec<&Value> {
    entries
        .iter()
        .filter(|entry| entry["title"] == "The tokens for today are used up")
        .collect()
}

#[tokio::test]
async fn tokens_for_a_day_are_used_up_which_is_said_once_in_the_log_and_there_are_new_ones_the_next_day()
 {
    let model = ScriptedModel::that_says("Scripted", answer(600));
    let app = TestApp::with_limits(|limits| limits.tokens_per_day = 1_000, model).await;
    let (ada, bob) = (
        app.person("ada@example.org").await,
        app.person("bob@example.org").await,
    );
    let here = ada.begins().await;
    ada.says(&here, "Hello").await;
    ada.awaits_the_end(&here).await;
    assert_eq!(warned(&ada.entries(&here).await).len(), 0);
    ada.says(&here, "And?").await;
    let read = ada.awaits_the_end(&here).await;
    assert_eq!(
        read["messages"][3]["status"], "done",
        "what was begun is brought to its end"
    );
    let said = refused(
        &ada.posts(
            &format!("/api/conversations/{here}/messages"),
            json!({"content": "x"}),
        )
        .await,
        86_400,
    );
    assert!(said.starts_with("your 1,000 tokens for today are used up; there are new ones at midnight UTC, in 14 h 30 min"), "{said}");
    refused(
        &ada.posts(&format!("/api/conversations/{here}/regenerate"), json!({}))
            .await,
        86_400,
    );
    let entries = ada.entries(&here).await;
    let warned = warned(&entries);
    assert_eq!(
        (
            warned.len(),
            &warned[0]["status"],
            &warned[0]["metadata"]["tokensPerDay"]
        ),
        (1, &json!("warning"), &json!(1_000))
    );
    let there = bob.begins().await;
    bob.says(&there, "others are not concerned").await;
    app.app.clock.advance(DAY_MS);
    ada.says(&here, "Good morning").await;
}

#[tokio::test]
async fn tokens_used_up_by_a_round_of_tools_end_the_turn_with_a_plain_sentence() {
    let paints = CallingModel::of(&[("generate_image", json!({"prompt": "a lighthouse"}))]);
    let app = TestApp::with_limits(|limits| limits.tokens_per_day = 5, paints).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    ada.says(&here, "Paint").await;
    let read = ada.awaits_the_end(&here).await;
    let last = read["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(last["status"], "failed");
    assert!(
        last["content"]
            .as_str()
            .unwrap()
            .starts_with("Your 5 tokens for today are used up; "),
        "{last}"
    );
    assert_eq!(warned(&ada.entries(&here).await).len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_stopped_half_way_is_not_free() {
    let (tell, model) = ToldModel::pair();
    let app = TestApp::with_limits(|limits| limits.tokens_per_day = 10, model).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&here, "Hello").await;
    stream
        .rows_until(|event| event.data["entry"]["status"] == "working")
        .await;
    tell.send(Ok(ModelEvent::Text("Half an ".into()))).unwrap();
    stream.next_named("delta").await;
    ada.posts(&format!("/api/conversations/{here}/stop"), json!({}))
        .await
        .expect(200);
    ada.awaits_the_end(&here).await;
    refused(
        &ada.posts(
            &format!("/api/conversations/{here}/messages"),
            json!({"content": "x"}),
        )
        .await,
        86_400,
    );
}

#[tokio::test]
async fn invitations_sign_ins_and_secrets_are_limited_by_the_minute() {
    let app = TestApp::start().await;
    let id = app.admin().await.id;
    let ada = app.signed_in(id).await;
    let json = |person: &Person, path: &str, body: String| {
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
        let invited = json(
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
    let nobody = app.nobody();
    for (who, path, body) in [
        (
            &nobody,
            "/fn/account/sign-in",
            "email=eve%40example.org&password=wrong+horse",
        ),
        (
            &nobody,
            "/fn/people/join",
            "secret=guessed&password=correct+horse",
        ),
        (
            &nobody,
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
            answers.push(json(who, path, body.to_owned()).await);
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
async fn who_passes_a_limit_of_the_day_on_one_server_has_passed_it_on_all() {
    let database = Postgres::create().await;
    let (here, there) = (
        TestApp::on(&database.address(), None).await,
        TestApp::on(&database.address(), None).await,
    );
    let ada = here.person("ada@example.org").await;
    let limits = Limits::new(
        &LimitConfig {
            tokens_per_day: 10,
            ..LimitConfig::default()
        },
        &here.app.clock,
    );
    let now = here.app.clock.now();
    limits
        .tokens
        .count(&here.app.store, now, ada.id, 10)
        .await
        .unwrap();
    assert!(
        limits
            .tokens
            .check(&there.app.store, now, ada.id)
            .await
            .is_err()
    );
    assert!(
        limits
            .tokens
            .check(&there.app.store, now.plus(DAY_MS), ada.id)
            .await
            .is_ok()
    );
}
