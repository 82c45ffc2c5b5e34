//! Whole turns on stub providers: what a reader sees, live and after a reload.

use super::{
    link,
    stub::{Reply, ReplyEnd, Stub},
    wire,
};
use crate::{
    server::assistant::{link::ProviderKind, retry_policy::ModelTimeouts},
    tests::support::{Event, Sse, TestApp},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const QUESTION: &str = "What is the tide?";

struct FinishedTurn {
    app: TestApp,
    /// `type status title` of each entry, oldest first.
    lines: Vec<String>,
    entries: Vec<Value>,
    messages: Vec<Value>,
}

/// All events of the stream until the turn ends.
pub(super) async fn events_until_turn_end(stream: &mut Sse) -> Vec<Event> {
    let ends_turn = |event: &Event| {
        event.event == "conversation" && event.data["conversation"]["runningTurnId"].is_null()
    };
    let mut events = Vec::new();
    loop {
        let event = stream.next_event().await;
        let is_end = ends_turn(&event);
        events.push(event);
        if is_end {
            return events;
        }
    }
}

/// The newest state of each entry, oldest first.
fn newest_entries(events: &[Event]) -> Vec<Value> {
    let entries = events
        .iter()
        .filter(|event| event.event == "entry")
        .map(|event| event.data["entry"].clone());
    let newest: BTreeMap<String, Value> = entries
        .map(|entry| (entry["id"].as_str().unwrap().to_owned(), entry))
        .collect();
    newest.into_values().collect()
}

/// Runs a turn on Gemini and Groq stubs; asserts that the live entries equal those after a reload.
async fn run_turn(gemini: Vec<Reply>, groq: Vec<Reply>) -> (FinishedTurn, Stub, Stub) {
    run_turn_with(gemini, groq, |_| {}).await
}

async fn run_turn_with(
    gemini: Vec<Reply>,
    groq: Vec<Reply>,
    timeouts: impl FnOnce(&mut ModelTimeouts),
) -> (FinishedTurn, Stub, Stub) {
    let (gemini, groq) = (Stub::replying(gemini).await, Stub::replying(groq).await);
    let links = vec![
        link(ProviderKind::Gemini, "gemini-2.5-flash", &gemini),
        link(ProviderKind::Groq, "llama-3.1-8b-instant", &groq),
    ];
    let app = TestApp::with(
        |config| {
            config.models = links;
            timeouts(&mut config.model_timeouts);
        },
        |_| {},
    )
    .await;
    let turn = ask_question(app).await;
    (turn, gemini, groq)
}

async fn ask_question(app: TestApp) -> FinishedTurn {
    ask_question_as("ada@example.org", app).await
}

async fn ask_question_as(email: &str, app: TestApp) -> FinishedTurn {
    let ada = app.person(email).await;
    let conversation = ada.begins().await;
    let mut stream = ada.streams("").await;
    ada.says(&conversation, QUESTION).await;
    let live = newest_entries(&events_until_turn_end(&mut stream).await);
    let read = ada.reads(&conversation).await;
    let entries = ada.entries(&conversation).await;
    assert_eq!(live, entries, "live entries equal those after a reload");
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
    FinishedTurn {
        app,
        lines,
        entries,
        messages: read["messages"].as_array().unwrap().clone(),
    }
}

#[tokio::test]
async fn an_answer_records_model_duration_and_tokens() {
    let (turn, _, groq) = run_turn(
        vec![Reply::streams(wire::gemini_says(&["High ", "at noon."]))],
        vec![Reply::streams("")],
    )
    .await;
    assert_eq!(
        turn.lines,
        ["ai_response success Gemini gemini-2.5-flash answered"]
    );
    let (metadata, answer) = (&turn.entries[0]["metadata"], &turn.messages[1]);
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
    let facts = json!({
        "provider": "gemini", "modelName": "Gemini gemini-2.5-flash", "durationMs": 0,
        "inputTokens": 12, "outputTokens": 5, "firstTokenMs": 0
    });
    assert_eq!(answer["facts"], facts);
    assert!(groq.requests().is_empty());
}

#[tokio::test]
async fn a_fallback_logs_the_failed_and_the_next_model() {
    let limit = Reply::refuses(
        429,
        json!({ "error": { "code": 429, "message": "Quota exceeded." } }),
    )
    .with("retry-after", "30");
    let (turn, gemini, _) = run_turn(
        vec![limit],
        vec![Reply::streams(wire::groq_says(&["At noon."]))],
    )
    .await;
    assert_eq!(
        turn.lines,
        [
            "ai_response error Gemini gemini-2.5-flash is over its limit (429)",
            "info warning Gemini is over its limit (429). Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant answered",
        ]
    );
    assert_eq!(turn.entries[0]["metadata"]["errorClass"], "rate_limit");
    assert_eq!(
        (
            &turn.entries[2]["metadata"]["fallback"],
            &turn.messages[1]["facts"]["fallback"]
        ),
        (&json!(true), &json!(true))
    );
    assert_eq!(gemini.requests().len(), 1);
}

#[tokio::test]
async fn a_rate_limited_model_is_skipped_until_its_retry_time() {
    let limit = Reply::refuses(429, json!({ "error": { "message": "Quota exceeded." } }))
        .with("retry-after", "30");
    let again = Reply::streams(wire::gemini_says(&["Back."]));
    let (turn, gemini, _) = run_turn(
        vec![limit, again],
        vec![Reply::streams(wire::groq_says(&["At noon."]))],
    )
    .await;
    let second = ask_question_as("bob@example.org", turn.app).await;
    assert_eq!(
        second.lines,
        [
            "info warning Gemini is over its limit (429) and is paused for 30 s. \
             Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant answered"
        ]
    );
    assert_eq!(gemini.requests().len(), 1, "it was not asked again");
    second.app.app.clock.advance(30_000);
    let third = ask_question_as("eve@example.org", second.app).await;
    assert_eq!(
        third.lines,
        ["ai_response success Gemini gemini-2.5-flash answered"]
    );
}

#[tokio::test]
async fn a_temporary_failure_is_retried_on_the_same_model() {
    let overloaded = Reply::refuses(503, json!({ "error": { "message": "overloaded" } }));
    let (turn, gemini, groq) = run_turn(
        vec![overloaded, Reply::streams(wire::gemini_says(&["High."]))],
        vec![Reply::streams("")],
    )
    .await;
    assert_eq!(
        turn.lines,
        ["ai_response success Gemini gemini-2.5-flash answered"]
    );
    assert_eq!((gemini.requests().len(), groq.requests().len()), (2, 0));
}

#[tokio::test]
async fn an_interrupted_answer_is_kept_and_the_fallback_starts_over() {
    let body = wire::gemini_says(&["It is ", "high ", "at noon."]);
    let half = body.find("at noon").unwrap();
    let (turn, _, groq) = run_turn(
        vec![Reply::streams(&body.as_bytes()[..half]).ending(ReplyEnd::Cut)],
        vec![Reply::streams(wire::groq_says(&["High water is at noon."]))],
    )
    .await;
    let messages: Vec<_> = turn
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
        messages,
        [
            (QUESTION, "done"),
            ("It is high ", "interrupted"),
            ("High water is at noon.", "done")
        ]
    );
    assert!(
        turn.lines[1].starts_with("info warning Gemini ")
            && turn.lines[1].ends_with("Trying Groq llama-3.1-8b-instant."),
        "{:?}",
        turn.lines
    );
    let prompt = groq.requests()[0].body["messages"].to_string();
    assert!(
        !prompt.contains("It is high"),
        "the interrupted answer is not in the prompt: {prompt}"
    );
}

#[tokio::test]
async fn a_hanging_model_times_out() {
    let hang = Reply::streams("").ending(ReplyEnd::Hangs);
    let short = |timeouts: &mut ModelTimeouts| timeouts.first = Duration::from_secs(5);
    let (turn, ..) = run_turn_with(
        vec![hang],
        vec![Reply::streams(wire::groq_says(&["At noon."]))],
        short,
    )
    .await;
    assert_eq!(
        turn.lines[0],
        "ai_response error Gemini gemini-2.5-flash did not answer in time"
    );
    assert_eq!(turn.entries[0]["metadata"]["errorClass"], "timeout");
    assert_eq!(turn.messages[1]["content"], "At noon.");
}

#[tokio::test]
async fn when_every_model_fails_each_attempt_is_logged() {
    let refuses = |status: u16, message: &str| {
        Reply::refuses(status, json!({ "error": { "message": message } }))
    };
    let (turn, _, groq) =
        run_turn(vec![refuses(403, "no")], vec![refuses(503, "overloaded")]).await;
    assert_eq!(
        turn.lines,
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
            &turn.entries[3]["metadata"]["attempts"],
            groq.requests().len()
        ),
        (&attempts, 3)
    );
    let answer = &turn.messages[1];
    let sentence = "I could not get an answer: Gemini refused the key (403), Groq failed (503). \
                    Nothing you wrote is lost; please try again.";
    assert_eq!(
        (&answer["status"], &answer["content"]),
        (&json!("failed"), &json!(sentence))
    );
}

#[tokio::test]
async fn concurrent_tool_calls_have_an_entry_each_and_fail_alone() {
    let calls = json!([
        { "index": 0, "id": "a", "type": "function",
          "function": { "name": "generate_image", "arguments": "{\"prompt\":\"a tree\"}" } },
        { "index": 1, "id": "b", "type": "function",
          "function": { "name": "summon", "arguments": "{}" } },
        { "index": 2, "id": "c", "type": "function",
          "function": { "name": "generate_music", "arguments": "oops" } },
    ]);
    let asks = wire::openai(&[
        wire::openai_chunk(json!({ "tool_calls": calls }), None),
        wire::openai_chunk(json!({}), Some("tool_calls")),
    ]);
    let groq = vec![
        Reply::streams(asks),
        Reply::streams(wire::groq_says(&["Here is the tree."])),
    ];
    let (turn, _, groq) = run_turn(
        vec![Reply::refuses(
            401,
            json!({ "error": { "message": "bad key" } }),
        )],
        groq,
    )
    .await;
    assert_eq!(
        turn.lines,
        [
            "ai_response error Gemini gemini-2.5-flash refused the key (401)",
            "info warning Gemini refused the key (401). Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant planned the answer",
            "tool_call success Image: a tree",
            "tool_call error Unknown tool: summon",
            "tool_call error Music",
            "info warning Gemini refused the key (401) and is paused for 600 s. \
             Trying Groq llama-3.1-8b-instant.",
            "ai_response success Groq llama-3.1-8b-instant answered",
        ]
    );
    let second = groq.requests()[1].body["messages"].to_string();
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
async fn a_conversation_over_the_window_drops_its_oldest_messages() {
    let stub = Stub::replying([
        Reply::streams(wire::openai_says(&["word ".repeat(900).as_str()])),
        Reply::streams(wire::openai_says(&["Short."])),
    ])
    .await;
    let mut small = link(ProviderKind::Ollama, "small", &stub);
    small.spec.window = 2_000;
    let app = TestApp::with(|config| config.models = vec![small], |_| {}).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    for question in ["Tell me a lot", "And now?"] {
        ada.says(&conversation, question).await;
        ada.awaits_the_end(&conversation).await;
    }
    let entries = ada.entries(&conversation).await;
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
        stub.requests()[1].body["messages"]
            .as_array()
            .unwrap()
            .len(),
        2,
        "the system prompt and the question"
    );
}
