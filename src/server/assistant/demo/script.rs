//! What the demo does for what is typed. A script looks only at what was said, so the same words
//! get the same work.

use super::{DemoStep, answers};
use crate::server::assistant::model::{ErrorClass, ModelError, PromptMessage, ToolCall};
use serde_json::json;

/// What the demo does in one round.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ScriptStep {
    /// Writes an answer; `slowness` is a factor on the waits between words.
    Say { text: String, slowness: f64 },
    /// Asks for tools.
    Call(Vec<ToolCall>),
    /// Fails.
    Fail(ModelError),
}

/// Words that ask for a tool.
const IMAGE: &[&str] = &["paint", "draw", "picture", "image", "illustrate"];
const MUSIC: &[&str] = &["music", "song", "cello", "melody", "compose"];
const FILM: &[&str] = &["film", "video", "movie", "clip"];
/// Words by which something is told to fail; the demo's tools know them too.
const FAIL: &[&str] = &["fail", "failing", "failure", "broken"];

/// The next step for what was said so far.
pub(super) fn play(part: DemoStep, said: &[PromptMessage]) -> ScriptStep {
    let asked = last_asked(said);
    let words = asked.to_lowercase();
    if let Some(error) = told_to_fail(part, &words) {
        return ScriptStep::Fail(error);
    }
    let slowness = if words.contains("slowly") { 5.0 } else { 1.0 };
    let results = results(said);
    if !results.is_empty() {
        return ScriptStep::Say {
            text: answers::about_results(&results),
            slowness,
        };
    }
    let calls = calls(&asked, &words);
    if !calls.is_empty() {
        return ScriptStep::Call(calls);
    }
    let text = match () {
        () if part == DemoStep::Backup => answers::from_the_backup(&asked),
        () if has(&words, &["long"]) => answers::long(),
        () => answers::help(&asked),
    };
    ScriptStep::Say { text, slowness }
}

/// What the tools asked for last have answered: each call with its answer.
fn results(said: &[PromptMessage]) -> Vec<(&ToolCall, &str)> {
    let answered = said
        .iter()
        .rev()
        .take_while(|said| matches!(said, PromptMessage::Result { .. }))
        .count();
    let (before, results) = said.split_at(said.len() - answered);
    let Some(PromptMessage::Calls(calls)) = before.last() else {
        return Vec::new();
    };
    let answer_to = |call: &ToolCall| {
        results.iter().find_map(|said| match said {
            PromptMessage::Result { call_id, text } if *call_id == call.id => Some(text.as_str()),
            _ => None,
        })
    };
    calls
        .iter()
        .filter_map(|call| Some((call, answer_to(call)?)))
        .collect()
}

fn last_asked(said: &[PromptMessage]) -> String {
    said.iter()
        .rev()
        .find_map(|said| {
            if let PromptMessage::User(text, _) = said {
                Some(typed(text))
            } else {
                None
            }
        })
        .unwrap_or_default()
}

/// What was typed, without what stands behind it about attached files.
fn typed(text: &str) -> String {
    let ends = ["\n\n[The ", "\n\n# Attached file "]
        .into_iter()
        .filter_map(|mark| text.find(mark))
        .min();
    text[..ends.unwrap_or(text.len())].to_owned()
}

/// Whether one of the words is there, alone or with a plural s.
fn has(words: &str, any: &[&str]) -> bool {
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        any.contains(&word)
            || word
                .strip_suffix('s')
                .is_some_and(|stem| any.contains(&stem))
    })
}

fn told_to_fail(part: DemoStep, words: &str) -> Option<ModelError> {
    let everything = words.contains("total failure")
        || (has(words, &["everything", "all"]) && has(words, FAIL) && !has(words, &["tool"]));
    let over_limit = ModelError {
        class: ErrorClass::RateLimit,
        message: "Quota exceeded for requests per minute (demo).".to_owned(),
        status: Some(429),
        retry_after_s: Some(38),
    };
    match part {
        DemoStep::Main if everything || has(words, &["fallback"]) => Some(over_limit),
        DemoStep::Backup if everything => Some(ModelError {
            class: ErrorClass::Server,
            message: "The model is overloaded (demo).".to_owned(),
            status: Some(503),
            retry_after_s: None,
        }),
        _ => None,
    }
}

fn calls(asked: &str, words: &str) -> Vec<ToolCall> {
    let wants_tool_to_fail = has(words, &["tool"]) && has(words, FAIL);
    let call = |name: &str, asking: &[&str]| ToolCall {
        id: format!("demo-{name}"),
        name: name.to_owned(),
        // A tool fails when its prompt says so: then it gets the whole request.
        arguments: json!({ "prompt": subject(if wants_tool_to_fail { asked } else { clause(asked, asking) }) }),
        signatures: Vec::new(),
    };
    let mut calls = Vec::new();
    if has(words, IMAGE) || wants_tool_to_fail {
        calls.push(call("generate_image", IMAGE));
    }
    if has(words, MUSIC) {
        calls.push(call("generate_music", MUSIC));
    }
    if let Some(text) = note(asked, words) {
        calls.push(ToolCall {
            id: "demo-write_note".to_owned(),
            name: "write_note".to_owned(),
            arguments: json!({ "text": text }),
            signatures: Vec::new(),
        });
    }
    if has(words, FILM) || (calls.is_empty() && has(words, &["slow"])) {
        calls.push(call("generate_video", FILM));
    }
    calls
}

/// What a note is to say: what stands behind the colon of `Write a note: …`.
fn note(asked: &str, words: &str) -> Option<String> {
    let (asking, text) = asked.split_once(':').filter(|_| has(words, &["note"]))?;
    Some(text.trim().to_owned())
        .filter(|text| asking.to_lowercase().contains("note") && !text.is_empty())
}

/// The part of a request for several things that asks for this one: `put a slow cello under it`.
fn clause<'a>(asked: &'a str, asking: &[&str]) -> &'a str {
    let mut parts = asked.split(" and ").map(|part| part.trim_end_matches(','));
    parts
        .find(|part| has(&part.to_lowercase(), asking))
        .unwrap_or(asked)
}

/// What is to be made: the request without "please paint me" and the like.
fn subject(asked: &str) -> String {
    const LEADING: &[&str] = &[
        "please", "paint", "draw", "compose", "make", "show", "me", "create", "a", "an", "the",
        "short", "some", "generate", "of", "put",
    ];
    const KINDS: &[&str] = &["picture", "image", "film", "video", "song", "movie", "clip"];
    let words: Vec<&str> = asked.split_whitespace().collect();
    let plain = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let leading = words
        .iter()
        .take_while(|word| {
            LEADING.contains(&plain(word).as_str()) || KINDS.contains(&plain(word).as_str())
        })
        .count();
    let rest: String = words[leading..]
        .join(" ")
        .trim_end_matches(['.', '!', '?'])
        .chars()
        .take(200)
        .collect();
    if rest.is_empty() {
        "a quiet landscape".to_owned()
    } else {
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::base::markdown;

    fn said(text: &str) -> Vec<PromptMessage> {
        vec![PromptMessage::User(text.to_owned(), Vec::new())]
    }

    fn tools(text: &str) -> Vec<String> {
        match play(DemoStep::Main, &said(text)) {
            ScriptStep::Call(calls) => calls.into_iter().map(|call| call.name).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn words_choose_the_tools() {
        assert_eq!(tools("Paint a lighthouse at dusk"), ["generate_image"]);
        assert_eq!(tools("Compose slow cello music"), ["generate_music"]);
        assert_eq!(tools("Make a short film of rain"), ["generate_video"]);
        assert_eq!(
            tools("A picture and a song, please"),
            ["generate_image", "generate_music"]
        );
        assert_eq!(
            tools("Two pictures and some songs"),
            ["generate_image", "generate_music"]
        );
        assert_eq!(tools("Let a tool fail"), ["generate_image"]);
        assert_eq!(tools("Run a slow tool"), ["generate_video"]);
        assert_eq!(tools("Write a note: buy lamp oil"), ["write_note"]);
        assert_eq!(tools("Hello"), [""; 0]);
        assert_eq!(
            tools(
                "What is this?\n\n[The person attached the picture “song.gif”, which you cannot see.]"
            ),
            [""; 0]
        );
    }

    #[test]
    fn what_is_to_be_made_is_named_without_the_asking() {
        assert_eq!(
            subject("Please paint me a picture of a lighthouse at dusk."),
            "lighthouse at dusk"
        );
        assert_eq!(subject("Paint"), "a quiet landscape");
    }

    #[test]
    fn fallback_and_total_failure_are_told_apart() {
        assert!(
            matches!(play(DemoStep::Main, &said("Show me a fallback")), ScriptStep::Fail(error) if error.class == ErrorClass::RateLimit)
        );
        assert!(matches!(
            play(DemoStep::Backup, &said("Show me a fallback")),
            ScriptStep::Say { .. }
        ));
        assert!(
            matches!(play(DemoStep::Backup, &said("Let everything fail")), ScriptStep::Fail(error) if error.status == Some(503))
        );
    }

    #[test]
    fn a_tool_that_is_to_fail_is_told_so() {
        for asked in [
            "Let a tool fail",
            "Show me a failing tool",
            "tools fail",
            "Paint a tree and let the tool fail",
            "Let all tools fail",
            "a broken tool",
        ] {
            let ScriptStep::Call(calls) = play(DemoStep::Main, &said(asked)) else {
                panic!("{asked}: a tool is asked for")
            };
            let prompt = calls[0].arguments["prompt"].as_str().unwrap();
            assert!(has(&prompt.to_lowercase(), FAIL), "{asked}: {prompt}");
        }
    }

    #[test]
    fn what_was_typed_is_repeated_as_text() {
        for part in [DemoStep::Main, DemoStep::Backup] {
            let ScriptStep::Say { text, .. } =
                play(part, &said("```\n<b>*hello* _you_ [a](b) &amp;"))
            else {
                panic!("it says something")
            };
            let html = markdown::render(&text);
            assert!(
                html.contains("``` &lt;b&gt;*hello* _you_ [a](b) &amp;amp;"),
                "{html}"
            );
            assert!(
                !html.contains("<pre>") && !html.contains("<em>hello"),
                "{html}"
            );
        }
    }

    #[test]
    fn after_the_tools_comes_an_answer_about_them() {
        let mut so_far = said("Paint a tree");
        let ScriptStep::Call(calls) = play(DemoStep::Main, &so_far) else {
            panic!("a tool is asked for")
        };
        so_far.push(PromptMessage::Calls(calls));
        for (result, words) in [
            ("It is done.", "Here you are: the picture “tree”."),
            (
                "Demo sample: no picture was made.",
                "Here you are: a sample picture for “tree”.",
            ),
        ] {
            let mut said = so_far.clone();
            said.push(PromptMessage::Result {
                call_id: "demo-generate_image".into(),
                text: result.into(),
            });
            assert!(
                matches!(play(DemoStep::Main, &said), ScriptStep::Say { text, .. } if text.starts_with(words)),
                "{result}"
            );
        }
    }

    #[test]
    fn each_tool_gets_the_part_of_the_request_that_asks_for_it() {
        let ScriptStep::Call(calls) = play(
            DemoStep::Main,
            &said("Paint a lighthouse at dusk, and put a slow cello song under it."),
        ) else {
            panic!("tools are asked for")
        };
        let prompts: Vec<_> = calls
            .iter()
            .map(|call| call.arguments["prompt"].as_str().unwrap())
            .collect();
        assert_eq!(prompts, ["lighthouse at dusk", "slow cello song under it"]);
    }
}
