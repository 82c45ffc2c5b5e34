//! Whole turns on servers that speak the providers' protocols: what a reader sees, by stream and
//! after a reload.

use super::{
    link,
    stub::{Ends, Reply, Stub},
    wire,
};
use crate::{
    server::assistant::{link::ProviderKind, retry_policy::ModelTimeouts},
    tests::support::{Event, Sse, TestApp},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const QUESTION: &str = "What is the tide?";

struct Played {
    app: TestApp,
    /// `type status title` of each entry, oldest first.
    lines: Vec<String>,
    entries: Vec<Value>,
    messages: Vec<Value>,
}

/// Everything that a reader of the stream is told until the turn is over.
pub(super) async fn told_live(stream: &mut Sse) -> Vec<Event> {
    let over = |event: &Event| {
        event.event == "conversation" && event.data["conversation"]["runningTurnId"].is_null()
    };
    let mut told = Vec::new();
    loop {
        let event = stream.next_event().await;
        let is_over = over(&event);
        told.push(event);
        if is_over {
            return told;
        }
    }
}

/// The newest state of each entry, oldest first.
fn newest_entries(told: &[Event]) -> Vec<Value> {
    let entries = told
        .iter()
        .filter(|event| event.event == "entry")
        .map(|event| event.data["entry"].clone());
    let newest: BTreeMap<String, Value> = entries
        .map(|entry| (entry["id"].as_str().unwrap().to_owned(), entry))
        .collect();
    newest.into_values().collect()
}

/// A turn on Gemini and Groq that reply so; whatever a reader of the stream was told is what a
/// reload shows.
async fn played(gemini: Vec<Reply>, groq: Vec<Reply>) -> (Played, Stub, Stub) {
    played_with(gemini, groq, |_| {}).await
}

async fn played_with(
    gemini: Vec<Reply>,
    groq: Vec<Reply>,
    patience: impl FnOnce(&mut ModelTimeouts),
) -> (Played, Stub, Stub) {
    let (gemini, groq) = (Stub::replies(gemini).await, Stub::replies(groq).await);
    let links = vec![
        link(ProviderKind::Gemini, "gemini-2.5-flash", &gemini),
        link(ProviderKind::Groq, "llama-3.1-8b-instant", &groq),
    ];
    let app = TestApp::with(
        |config| {
            config.models = links;
            patience(&mut config.patience);
        },
        |_| {},
    )
    .await;
    let played = play(app).await;
    (played, gemini, groq)
}

async fn play(app: TestApp) -> Played {
    play_for("ada@example.org", app).await
}

async fn play_for(whom: &str, app: TestApp) -> Played {
    let ada = app.person(whom).await;
    let here = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&here, QUESTION).await;
    let live = newest_entries(&told_live(&mut stream).await);
    let read = ada.reads(&here).await;
    let entries = ada.entries(&here).await;
    assert_eq!(live, entries, "live and after a reload");
    let word = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let lines = entries
        .iter()
        .map(|entry| {
            format!(
                "{} {} {}",
                word(entry, "logType"),
                word(entry, "status"),
                word(entry, "title")
            )
        })
        .collect();
    Played {
        app,
        lines,
        entries,
        messages: read["messages"].as_array().unwrap().clone(),
    }
}

#[tokio::test]
async fn an_answer_names_its_model_its_time_and_its_tokens() {
    let (played, _, groq) = played(
        vec![Reply::streams(wire::gemini_says(&["High ", "at noon."]))],
        vec![Reply::streams("")],
    )
    .await;
    assert_eq!(
        played.lines,
        ["ai_response success Gemini gemini-2.5-flash answered"]
    );
    let (metadata, answer) = (&played.entries[0]["metadata"], &played.messages[1]);
    assert_eq!(
        (&metadata["provider"], &metadata["model"]),
        (&json!("gemini"), &json!("gemini-2.5-flash"))
    );
    assert_eq!(
        (
            &metadata["inputTokens"],
            &metadata["outputTokens"],
            &metadata["tokensEstimated"]
        ),
        (&json!(12), &json!(5), &Value::Null)
    );
    assert_eq!(
        (&answer["content"], &answer["status"]),
        (&json!("High at noon."), &json!("done"))
    );
    let facts = json!({ "provider": "gemini", "modelName": "Gemini gemini-2.5-flash", "durationMs": 0, "inputTokens": 12, "outputTokens": 5, "firstTokenMs": 0 });
    assert_eq!(answer["facts"], facts);
    assert!(groq.asked().is_empty());
}

#[tokio::test]
async fn the_fallback_says_in_words_who_failed_and_who_is_tried() {
    let limit = Reply::refuses(
        429,
        json!({ "error": { "code": 429, "message": "Quota exceeded." } }),
    )
    .with("retry-after", "30");
    let (played, gemini, _) = played(
        vec![limit],
        vec![Reply::streams(wire::groq_says(&["At noon."]))],
    )
    .await;
    assert_eq!(
        played.lines,
        [
            "ai_response error Gemini gemini-2.5-flash is over its limit (429)",
            "info warning Gemini is over its limit (429). Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant answered",
        ]
    );
    assert_eq!(played.entries[0]["metadata"]["errorClass"], "rate_limit");
    assert_eq!(
        (
            &played.entries[2]["metadata"]["fallback"],
            &played.messages[1]["facts"]["fallback"]
        ),
        (&json!(true), &json!(true))
    );
    assert_eq!(gemini.asked().len(), 1);
}

#[tokio::test]
async fn a_model_over_its_limit_is_passed_over_for_a_while_and_asked_again_later() {
    let limit = Reply::refuses(429, json!({ "error": { "message": "Quota exceeded." } }))
        .with("retry-after", "30");
    let again = Reply::streams(wire::gemini_says(&["Back."]));
    let (played, gemini, _) = played(
        vec![limit, again],
        vec![Reply::streams(wire::groq_says(&["At noon."]))],
    )
    .await;
    let second = play_for("bob@example.org", played.app).await;
    assert_eq!(
        second.lines,
        [
            "info warning Gemini is over its limit (429) and rests for 30 s. Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant answered"
        ]
    );
    assert_eq!(gemini.asked().len(), 1, "it was left alone");
    second.app.app.clock.advance(30_000);
    let third = play_for("eve@example.org", second.app).await;
    assert_eq!(
        third.lines,
        ["ai_response success Gemini gemini-2.5-flash answered"]
    );
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_on_the_same_model_before_anybody_sees_anything() {
    let overloaded = Reply::refuses(503, json!({ "error": { "message": "overloaded" } }));
    let (played, gemini, groq) = played(
        vec![overloaded, Reply::streams(wire::gemini_says(&["High."]))],
        vec![Reply::streams("")],
    )
    .await;
    assert_eq!(
        played.lines,
        ["ai_response success Gemini gemini-2.5-flash answered"]
    );
    assert_eq!((gemini.asked().len(), groq.asked().len()), (2, 0));
}

#[tokio::test]
async fn what_was_said_when_a_model_died_is_kept_and_the_fallback_answers_anew() {
    let body = wire::gemini_says(&["It is ", "high ", "at noon."]);
    let half = body.find("at noon").unwrap();
    let (played, _, groq) = played(
        vec![Reply::streams(&body.as_bytes()[..half]).that(Ends::Cut)],
        vec![Reply::streams(wire::groq_says(&["High water is at noon."]))],
    )
    .await;
    let said: Vec<_> = played
        .messages
        .iter()
        .map(|message| {
            (
                message["content"].as_str().unwrap(),
                message["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (QUESTION, "done"),
            ("It is high ", "interrupted"),
            ("High water is at noon.", "done")
        ]
    );
    assert!(
        played.lines[1].starts_with("info warning Gemini ")
            && played.lines[1].ends_with("Trying Groq llama-3.1-8b-instant."),
        "{:?}",
        played.lines
    );
    let told = groq.asked()[0].body["messages"].to_string();
    assert!(
        !told.contains("It is high"),
        "a half answer is not glued: {told}"
    );
}

#[tokio::test]
async fn a_model_that_hangs_is_not_waited_for_for_ever() {
    let hang = Reply::streams("").that(Ends::Hangs);
    let short = |patience: &mut ModelTimeouts| patience.first = Duration::from_secs(5);
    let (played, ..) = played_with(
        vec![hang],
        vec![Reply::streams(wire::groq_says(&["At noon."]))],
        short,
    )
    .await;
    assert_eq!(
        played.lines[0],
        "ai_response error Gemini gemini-2.5-flash did not answer in time"
    );
    assert_eq!(played.entries[0]["metadata"]["errorClass"], "timeout");
    assert_eq!(played.messages[1]["content"], "At noon.");
}

#[tokio::test]
async fn when_every_model_failed_each_attempt_is_told_and_the_person_reads_a_plain_sentence() {
    let refuses = |status: u16, message: &str| {
        Reply::refuses(status, json!({ "error": { "message": message } }))
    };
    let (played, _, groq) =
        played(vec![refuses(403, "no")], vec![refuses(503, "overloaded")]).await;
    assert_eq!(
        played.lines,
        [
            "ai_response error Gemini gemini-2.5-flash refused the key (403)",
            "info warning Gemini refused the key (403). Trying Groq llama-3.1-8b-instant.",
            "ai_response error Groq llama-3.1-8b-instant failed (503)",
            "error error No model could answer",
        ]
    );
    let attempts = json!([
        { "model": "Gemini", "errorClass": "auth", "error": "no", "status": 403, "tries": 1 },
        { "model": "Groq", "errorClass": "server", "error": "overloaded", "status": 503, "tries": 3 },
    ]);
    assert_eq!(
        (
            &played.entries[3]["metadata"]["attempts"],
            groq.asked().len()
        ),
        (&attempts, 3)
    );
    let answer = &played.messages[1];
    let sentence = "I could not get an answer: Gemini refused the key (403), Groq failed (503). Nothing you wrote is lost; please try again.";
    assert_eq!(
        (&answer["status"], &answer["content"]),
        (&json!("failed"), &json!(sentence))
    );
}

#[tokio::test]
async fn two_tools_at_once_have_an_entry_each_and_an_unknown_one_fails_alone() {
    let calls = json!([
        { "index": 0, "id": "a", "type": "function", "function": { "name": "generate_image", "arguments": "{\"prompt\":\"a tree\"}" } },
        { "index": 1, "id": "b", "type": "function", "function": { "name": "summon", "arguments": "{}" } },
        { "index": 2, "id": "c", "type": "function", "function": { "name": "generate_music", "arguments": "oops" } },
    ]);
    let asks = wire::openai(&[
        wire::openai_chunk(json!({ "tool_calls": calls }), None),
        wire::openai_chunk(json!({}), Some("tool_calls")),
    ]);
    let groq = vec![
        Reply::streams(asks),
        Reply::streams(wire::groq_says(&["Here is the tree."])),
    ];
    let (played, _, groq) = played(
        vec![Reply::refuses(
            401,
            json!({ "error": { "message": "bad key" } }),
        )],
        groq,
    )
    .await;
    assert_eq!(
        played.lines,
        [
            "ai_response error Gemini gemini-2.5-flash refused the key (401)",
            "info warning Gemini refused the key (401). Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant planned the answer",
            "tool_call success Image: a tree",
            "tool_call error Unknown tool: summon",
            "tool_call error Music",
            "info warning Gemini refused the key (401) and rests for 600 s. Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant answered",
        ]
    );
    let second = groq.asked()[1].body["messages"].to_string();
    assert!(
        second.contains("there is no tool called summon") && second.contains("not a JSON object"),
        "{second}"
    );
    let message = &second[second.find("\"tool_calls\"").unwrap()..];
    assert!(
        message.contains("\"tool_call_id\":\"a\"") && message.contains("\"tool_call_id\":\"c\""),
        "{message}"
    );
}

#[tokio::test]
async fn a_conversation_longer_than_the_window_loses_its_oldest_part_and_says_so() {
    let stub = Stub::replies([
        Reply::streams(wire::openai_says(&["word ".repeat(900).as_str()])),
        Reply::streams(wire::openai_says(&["Short."])),
    ])
    .await;
    let mut small = link(ProviderKind::Ollama, "small", &stub);
    small.spec.window = 2_000;
    let app = TestApp::with(|config| config.models = vec![small], |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    for question in ["Tell me a lot", "And now?"] {
        ada.says(&here, question).await;
        ada.awaits_the_end(&here).await;
    }
    let entries = ada.entries(&here).await;
    let titles: Vec<_> = entries
        .iter()
        .map(|entry| entry["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "Ollama small answered",
            "Left out 2 older messages",
            "Ollama small answered"
        ]
    );
    assert_eq!(
        (&entries[1]["logType"], &entries[1]["status"]),
        (&json!("info"), &json!("info"))
    );
    assert_eq!(
        stub.asked()[1].body["messages"].as_array().unwrap().len(),
        2,
        "how to behave, and the question"
    );
}
