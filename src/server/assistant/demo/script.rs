//! Selects the demo's next step from the conversation. It depends on nothing else, so the same
//! message leads to the same work.

use super::{DemoStep, answers};
use crate::server::assistant::model::{ErrorClass, ModelError, PromptMessage, ToolCall};
use serde_json::json;

/// A step of the demo.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ScriptStep {
    /// Writes an answer, after thinking aloud if there are `thoughts`; `slowness` is a factor on
    /// the delays between words.
    Say {
        thoughts: Option<String>,
        text: String,
        slowness: f64,
    },
    /// Calls tools.
    Call(Vec<ToolCall>),
    /// Fails.
    Fail(ModelError),
}

/// Words that request a tool.
const IMAGE: &[&str] = &["paint", "draw", "picture", "image", "illustrate"];
const MUSIC: &[&str] = &["music", "song", "cello", "melody", "compose"];
const FILM: &[&str] = &["film", "video", "movie", "clip"];
/// Words that request a failure; the demo's tools recognise them too.
const FAIL: &[&str] = &["fail", "failing", "failure", "broken"];

/// The next step after these messages.
pub(super) fn play(step: DemoStep, messages: &[PromptMessage]) -> ScriptStep {
    let question = last_question(messages);
    let words = question.to_lowercase();
    if let Some(error) = scripted_failure(step, &words) {
        return ScriptStep::Fail(error);
    }
    let slowness = if words.contains("slowly") { 5.0 } else { 1.0 };
    let results = results(messages);
    if !results.is_empty() {
        return ScriptStep::Say {
            thoughts: None,
            text: answers::about_results(&results),
            slowness,
        };
    }
    let calls = calls(&question, &words);
    if !calls.is_empty() {
        return ScriptStep::Call(calls);
    }
    let thoughts = words.contains("think aloud").then(answers::thoughts);
    let text = match () {
        () if thoughts.is_some() => answers::after_thoughts(&question),
        () if step == DemoStep::Backup => answers::from_the_backup(&question),
        () if has(&words, &["long"]) => answers::long(),
        () => answers::help(&question),
    };
    ScriptStep::Say {
        thoughts,
        text,
        slowness,
    }
}

/// The calls of the last round with their results.
fn results(messages: &[PromptMessage]) -> Vec<(&ToolCall, &str)> {
    let count = messages
        .iter()
        .rev()
        .take_while(|message| matches!(message, PromptMessage::Result { .. }))
        .count();
    let (before, results) = messages.split_at(messages.len() - count);
    let Some(PromptMessage::Calls(calls)) = before.last() else {
        return Vec::new();
    };
    let result_of = |call: &ToolCall| {
        results.iter().find_map(|message| match message {
            PromptMessage::Result { call_id, text } if *call_id == call.id => Some(text.as_str()),
            _ => None,
        })
    };
    calls
        .iter()
        .filter_map(|call| Some((call, result_of(call)?)))
        .collect()
}

fn last_question(messages: &[PromptMessage]) -> String {
    messages
        .iter()
        .rev()
        .find_map(|message| {
            if let PromptMessage::User(text, _) = message {
                Some(without_attachments(text))
            } else {
                None
            }
        })
        .unwrap_or_default()
}

/// The user's own text, without the appended text about attachments.
fn without_attachments(text: &str) -> String {
    let ends = ["\n\n[The ", "\n\n# Attached file "]
        .into_iter()
        .filter_map(|mark| text.find(mark))
        .min();
    text[..ends.unwrap_or(text.len())].to_owned()
}

/// Whether one of the words occurs, alone or with a plural s.
fn has(words: &str, any: &[&str]) -> bool {
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        any.contains(&word)
            || word
                .strip_suffix('s')
                .is_some_and(|stem| any.contains(&stem))
    })
}

fn scripted_failure(step: DemoStep, words: &str) -> Option<ModelError> {
    let everything = words.contains("total failure")
        || (has(words, &["everything", "all"]) && has(words, FAIL) && !has(words, &["tool"]));
    let over_limit = ModelError {
        class: ErrorClass::RateLimit,
        message: "Quota exceeded for requests per minute (demo).".to_owned(),
        status: Some(429),
        retry_after_s: Some(38),
    };
    match step {
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

fn calls(question: &str, words: &str) -> Vec<ToolCall> {
    let tool_fails = has(words, &["tool"]) && has(words, FAIL);
    let call = |name: &str, keywords: &[&str]| {
        // A tool fails if its prompt says so: then it gets the whole request.
        let request = if tool_fails {
            question
        } else {
            clause(question, keywords)
        };
        ToolCall {
            id: format!("demo-{name}"),
            name: name.to_owned(),
            arguments: json!({ "prompt": subject(request) }),
            signatures: Vec::new(),
        }
    };
    let mut calls = Vec::new();
    if has(words, IMAGE) || tool_fails {
        calls.push(call("generate_image", IMAGE));
    }
    if has(words, MUSIC) {
        calls.push(call("generate_music", MUSIC));
    }
    if let Some(text) = note(question, words) {
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

/// The text of a note: the part after the colon of `Write a note: …`.
fn note(question: &str, words: &str) -> Option<String> {
    let (request, text) = question.split_once(':').filter(|_| has(words, &["note"]))?;
    Some(text.trim().to_owned())
        .filter(|text| request.to_lowercase().contains("note") && !text.is_empty())
}

/// The part of a request for several things that concerns this one: `put a slow cello under it`.
fn clause<'a>(question: &'a str, keywords: &[&str]) -> &'a str {
    let mut parts = question
        .split(" and ")
        .map(|part| part.trim_end_matches(','));
    parts
        .find(|part| has(&part.to_lowercase(), keywords))
        .unwrap_or(question)
}

/// The subject of a request, without "please paint me" and the like.
fn subject(request: &str) -> String {
    const LEADING: &[&str] = &[
        "please", "paint", "draw", "compose", "make", "show", "me", "create", "a", "an", "the",
        "short", "some", "generate", "of", "put",
    ];
    const KINDS: &[&str] = &["picture", "image", "film", "video", "song", "movie", "clip"];
    let words: Vec<&str> = request.split_whitespace().collect();
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

    fn user(text: &str) -> Vec<PromptMessage> {
        vec![PromptMessage::User(text.to_owned(), Vec::new())]
    }

    fn tools(text: &str) -> Vec<String> {
        match play(DemoStep::Main, &user(text)) {
            ScriptStep::Call(calls) => calls.into_iter().map(|call| call.name).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn words_select_the_tools() {
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
                "What is this?\n\n\
                 [The user attached the picture “song.gif”, which you cannot see.]"
            ),
            [""; 0]
        );
    }

    #[test]
    fn the_subject_excludes_the_words_of_the_request() {
        assert_eq!(
            subject("Please paint me a picture of a lighthouse at dusk."),
            "lighthouse at dusk"
        );
        assert_eq!(subject("Paint"), "a quiet landscape");
    }

    #[test]
    fn fallback_and_total_failure_are_distinguished() {
        let main = play(DemoStep::Main, &user("Show me a fallback"));
        assert!(matches!(main, ScriptStep::Fail(error) if error.class == ErrorClass::RateLimit));
        assert!(matches!(
            play(DemoStep::Backup, &user("Show me a fallback")),
            ScriptStep::Say { .. }
        ));
        let backup = play(DemoStep::Backup, &user("Let everything fail"));
        assert!(matches!(backup, ScriptStep::Fail(error) if error.status == Some(503)));
    }

    #[test]
    fn it_thinks_aloud_when_asked_to() {
        for (question, thinks) in [
            ("Think aloud", true),
            ("Please think aloud about tides", true),
            ("What do you think?", false),
        ] {
            for step in [DemoStep::Main, DemoStep::Backup] {
                let ScriptStep::Say { thoughts, text, .. } = play(step, &user(question)) else {
                    panic!("{question}: it says something")
                };
                assert_eq!(thoughts.is_some(), thinks, "{question}");
                let shown = thoughts.is_some_and(|thoughts| text.contains(&thoughts));
                assert!(!shown, "{question}: {text}");
            }
        }
    }

    #[test]
    fn a_tool_that_is_to_fail_gets_a_prompt_that_says_so() {
        for question in [
            "Let a tool fail",
            "Show me a failing tool",
            "tools fail",
            "Paint a tree and let the tool fail",
            "Let all tools fail",
            "a broken tool",
        ] {
            let ScriptStep::Call(calls) = play(DemoStep::Main, &user(question)) else {
                panic!("{question}: a tool is called")
            };
            let prompt = calls[0].arguments["prompt"].as_str().unwrap();
            assert!(has(&prompt.to_lowercase(), FAIL), "{question}: {prompt}");
        }
    }

    #[test]
    fn the_users_text_is_repeated_without_its_markdown() {
        for step in [DemoStep::Main, DemoStep::Backup] {
            let ScriptStep::Say { text, .. } =
                play(step, &user("```\n<b>*hello* _you_ [a](b) &amp;"))
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
    fn after_the_tools_follows_an_answer_about_them() {
        let mut so_far = user("Paint a tree");
        let ScriptStep::Call(calls) = play(DemoStep::Main, &so_far) else {
            panic!("a tool is called")
        };
        so_far.push(PromptMessage::Calls(calls));
        for (result, words) in [
            ("It is done.", "Here you are: the picture “tree”."),
            (
                "Demo sample: no picture was made.",
                "Here you are: a sample picture for “tree”.",
            ),
        ] {
            let mut messages = so_far.clone();
            messages.push(PromptMessage::Result {
                call_id: "demo-generate_image".into(),
                text: result.into(),
            });
            let ScriptStep::Say { text, .. } = play(DemoStep::Main, &messages) else {
                panic!("{result}: it says something")
            };
            assert!(text.starts_with(words), "{result}");
        }
    }

    #[test]
    fn each_tool_gets_its_part_of_the_request() {
        let ScriptStep::Call(calls) = play(
            DemoStep::Main,
            &user("Paint a lighthouse at dusk, and put a slow cello song under it."),
        ) else {
            panic!("tools are called")
        };
        let prompts: Vec<_> = calls
            .iter()
            .map(|call| call.arguments["prompt"].as_str().unwrap())
            .collect();
        assert_eq!(prompts, ["lighthouse at dusk", "slow cello song under it"]);
    }
}
