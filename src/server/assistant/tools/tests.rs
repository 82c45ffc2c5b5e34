//! Tests of the demo tools.

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Registry;
use crate::server::{
    assistant::{
        demo::RESULT_PREFIX,
        tool::{ProducedFile, Progress, TITLE_MAX_CHARS, ToolContext, ToolError, ToolOutput},
    },
    base::media_type,
};

const NAMES: [&str; 3] = ["generate_image", "generate_music", "generate_video"];

fn context(delay_factor: f64) -> (ToolContext, watch::Receiver<Progress>) {
    let (progress, seen) = watch::channel(Progress::default());
    (
        ToolContext {
            progress,
            cancel: CancellationToken::new(),
            delay_factor,
            tasks: TaskTracker::new(),
        },
        seen,
    )
}

async fn run(name: &str, arguments: Value) -> Result<ToolOutput, ToolError> {
    Registry::demo()
        .find(name)
        .expect("a demo tool")
        .run(arguments, context(0.0).0)
        .await
}

/// The sample shown by a tool.
async fn sample(name: &str) -> ProducedFile {
    run(name, json!({ "prompt": "a quiet lake" }))
        .await
        .expect("a sample")
        .files
        .remove(0)
}

#[tokio::test]
async fn the_sample_picture_is_well_formed_without_active_content() {
    let svg = String::from_utf8(sample("generate_image").await.bytes).expect("text");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    assert_tags_match(&svg);
    for active in [
        "<script",
        "<foreignObject",
        "<style",
        "href",
        " on",
        "url(http",
    ] {
        assert!(!svg.contains(active), "{active}");
    }
}

/// Every tag is closed in order, and every `&` begins a known entity.
fn assert_tags_match(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag
            .split([' ', '/'])
            .find(|part| !part.is_empty())
            .expect("a tag has a name");
        match tag {
            closing if closing.starts_with('/') => assert_eq!(open.pop(), Some(name)),
            empty if empty.ends_with('/') => {}
            _ => open.push(name),
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert!(svg.split('&').skip(1).all(|rest| {
        ["amp;", "lt;", "gt;", "quot;", "#39;"]
            .iter()
            .any(|entity| rest.starts_with(entity))
    }));
}

#[tokio::test]
async fn the_sample_song_is_a_complete_wav_file_of_moderate_volume() {
    let wav = sample("generate_music").await.bytes;
    assert_eq!(
        (&wav[..4], &wav[8..16], &wav[36..40]),
        (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..])
    );
    let number = |at: usize| u32::from_le_bytes([wav[at], wav[at + 1], wav[at + 2], wav[at + 3]]);
    assert_eq!(
        (number(4) as usize, number(40) as usize),
        (wav.len() - 8, wav.len() - 44)
    );
    let peak = wav[44..]
        .chunks(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_767.0)
        .fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    assert!((0.5..=0.81).contains(&peak), "{peak}");
    assert!(wav.ends_with(&[0, 0]), "it ends in silence");
}

#[tokio::test]
async fn the_sample_film_is_a_webm_file_with_a_duration() {
    let webm = sample("generate_video").await.bytes;
    assert_eq!(
        media_type::video(&webm).map(|media| media.media_type),
        Some("video/webm")
    );
    let head = &webm[..1_000];
    let contains = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    // Without the element Duration a player has no timeline.
    assert!(contains(b"webm") && contains(b"V_VP9") && contains(&[0x44, 0x89, 0x88]));
}

#[tokio::test]
async fn samples_are_small_and_the_same_for_every_prompt() {
    for name in NAMES {
        let first = sample(name).await;
        assert!(first.bytes.len() < 200_000, "{name}");
        let other = run(name, json!({ "prompt": "a slow storm" })).await;
        assert_eq!(other.expect("a sample").files, [first]);
    }
}

#[tokio::test]
async fn samples_are_labelled_as_such_for_models_and_users() {
    for (name, shows) in NAMES.into_iter().zip([
        "a lighthouse at dusk",
        "a slow cello over waves",
        "rain on a window",
    ]) {
        let output = run(name, json!({ "prompt": "a <b>harbour</b>" }))
            .await
            .expect("a sample");
        assert_eq!(
            output.files[0].description,
            format!("Demo sample: {shows}"),
            "the caption is about the sample, not about the prompt"
        );
        let text = &output.text;
        assert!(text.starts_with(RESULT_PREFIX), "{text}");
        let details = output.details.expect("details");
        for text in [text, &details] {
            let phrases = ["was made for", "sample", "the same for every prompt"];
            assert!(phrases.iter().all(|phrase| text.contains(phrase)), "{text}");
            assert!(text.contains("a <b>harbour</b>"), "{text}");
        }
        assert!(text.contains(shows) && details.contains(output.files[0].media_type));
        let tool = Registry::demo().find(name).expect("a demo tool");
        let description = tool.definition().description;
        assert!(description.starts_with("A demo:"), "{description}");
    }
}

#[test]
fn titles_are_one_line_for_any_arguments() {
    let title = |name, arguments| {
        Registry::demo()
            .find(name)
            .expect("a demo tool")
            .title(&arguments)
    };
    assert_eq!(
        title(
            "generate_image",
            json!({ "prompt": "a lighthouse\nat dusk" })
        ),
        "Image: a lighthouse at dusk"
    );
    assert_eq!(
        title(
            "generate_music",
            json!({ "prompt": "slow cello over waves" })
        ),
        "Music: slow cello over waves"
    );
    assert_eq!(title("generate_video", json!(["rain"])), "Film");
    assert_eq!(
        title("generate_video", json!({ "prompt": "x".repeat(9_000) }))
            .chars()
            .count(),
        TITLE_MAX_CHARS
    );
}

#[tokio::test]
async fn invalid_arguments_are_rejected_before_any_work() {
    for name in NAMES {
        let error = run(name, json!({})).await.expect_err("no prompt");
        assert_eq!(
            error,
            ToolError::BadArguments("prompt must be a text of 1 to 500 characters".to_owned())
        );
    }
    let error = run("generate_music", json!({ "prompt": "rain", "seconds": 61 }))
        .await
        .expect_err("too long");
    assert_eq!(
        error.to_string(),
        "seconds must be a whole number from 5 to 60"
    );
}

#[tokio::test]
async fn a_prompt_about_failing_fails_with_a_sentence_after_some_work() {
    for (name, sentence) in NAMES.into_iter().zip([
        "The demo picture service is out of paint.",
        "The demo orchestra did not show up.",
        "The demo camera has no film.",
    ]) {
        let (context, seen) = context(0.0);
        let tool = Registry::demo().find(name).expect("a demo tool");
        let failed = tool
            .run(json!({ "prompt": "something BROKEN" }), context)
            .await
            .expect_err("a failure");
        assert_eq!(failed, ToolError::Failed(sentence.to_owned()));
        assert!((1..100).contains(&seen.borrow().percent.unwrap_or(0)));
    }
}

#[tokio::test]
async fn a_cancelled_run_stops_while_it_waits() {
    for name in NAMES {
        let (context, _seen) = context(1_000.0);
        let cancel = context.cancel.clone();
        let mut running = Registry::demo()
            .find(name)
            .expect("a demo tool")
            .run(json!({ "prompt": "slow rain" }), context);
        assert!((&mut running).now_or_never().is_none(), "it waits");
        cancel.cancel();
        assert_eq!(running.now_or_never(), Some(Err(ToolError::Cancelled)));
    }
}

#[tokio::test]
async fn progress_never_goes_back_and_ends_at_100() {
    for (prompt, min_steps) in [("a pond", 4), ("a slow pond", 12)] {
        let (context, mut seen) = context(0.000_1);
        let run = Registry::demo()
            .find("generate_image")
            .expect("a demo tool")
            .run(json!({ "prompt": prompt }), context);
        let watch = async {
            let mut steps = vec![Some(0)];
            while seen.changed().await.is_ok() {
                steps.push(seen.borrow_and_update().percent);
            }
            steps
        };
        let (result, steps) = tokio::join!(run, watch);
        assert!(result.is_ok());
        assert!(
            steps.is_sorted() && steps.len() > min_steps && steps.last() == Some(&Some(100)),
            "{steps:?}"
        );
    }
}

#[tokio::test]
async fn a_note_is_a_text_file_and_needs_approval() {
    let note = Registry::demo()
        .find("write_note")
        .expect("the tool for notes");
    assert!(note.needs_approval(&json!({ "text": "buy oil" })));
    assert_eq!(note.title(&json!({ "text": "buy\noil" })), "Note: buy oil");
    let written = run("write_note", json!({ "text": " buy oil " })).await;
    assert_eq!(written.expect("a note").files[0].bytes, b"buy oil");
    for text in [json!(""), json!(7), json!("x".repeat(4_001))] {
        let error = run("write_note", json!({ "text": text }))
            .await
            .expect_err("no usable text");
        assert_eq!(
            error.to_string(),
            "text must be a text of 1 to 4000 characters"
        );
    }
}

#[test]
fn the_example_in_the_docs_equals_the_tool() {
    assert!(
        include_str!("../../../../docs/tools.md").contains(include_str!("note.rs").trim_end()),
        "docs/tools.md shows another note.rs"
    );
}
