//! The demo producers, as a turn sees them.

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Registry;
use crate::server::assistant::tool::{
    Progress, TITLE_MAX_CHARS, ToolContext, ToolError, ToolOutput,
};

const NAMES: [&str; 3] = ["generate_image", "generate_music", "generate_video"];

fn context(pace: f64) -> (ToolContext, watch::Receiver<Progress>) {
    let (progress, seen) = watch::channel(Progress::default());
    (
        ToolContext {
            progress,
            cancel: CancellationToken::new(),
            pace,
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

async fn bytes(name: &str, arguments: Value) -> Vec<u8> {
    run(name, arguments)
        .await
        .expect("a file")
        .files
        .remove(0)
        .bytes
}

#[tokio::test]
async fn a_picture_is_well_formed_and_no_prompt_becomes_markup() {
    for prompt in [
        "<script>alert(1)</script> & a cat",
        "a lighthouse & a boat in snow",
        "a house, a tree, a balloon, flowers",
        "a city by night",
    ] {
        let svg = String::from_utf8(
            bytes(
                "generate_image",
                json!({ "prompt": prompt, "style": "<b>" }),
            )
            .await,
        )
        .expect("text");
        assert_tags_match(&svg);
        assert!(
            !svg.contains("<script")
                && !svg.contains("href")
                && !svg.contains("NaN")
                && svg.contains("&lt;b&gt;"),
            "{svg}"
        );
    }
}

/// Each tag that opens is closed in turn, and each `&` begins a known entity.
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
async fn music_is_a_wav_file_of_the_length_asked_for_that_is_heard_but_never_loud() {
    let wav = bytes(
        "generate_music",
        json!({ "prompt": "cello over waves", "seconds": 2 }),
    )
    .await;
    assert_eq!(
        (&wav[..4], &wav[8..16], &wav[36..40]),
        (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..])
    );
    assert_eq!(wav.len(), 44 + 2 * 22_050 * 2);
    assert_eq!(
        u32::from_le_bytes([wav[40], wav[41], wav[42], wav[43]]) as usize,
        wav.len() - 44
    );
    let samples: Vec<_> = wav[44..]
        .chunks(2)
        .map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_767.0)
        .collect();
    let loudest = samples
        .iter()
        .fold(0.0_f64, |loudest, sample| loudest.max(sample.abs()));
    assert!((0.79..=0.8001).contains(&loudest), "{loudest}");
    assert_eq!(samples.last(), Some(&0.0));
}

#[tokio::test]
async fn a_film_has_frames_that_differ_and_stays_below_a_megabyte() {
    for prompt in [
        "rain on a window",
        "a storm at sea with a lighthouse and a boat",
        "snow on the ocean",
        "stars",
        "a walk in the hills",
    ] {
        let film = bytes("generate_video", json!({ "prompt": prompt, "seconds": 8 })).await;
        assert!(film.len() <= 1_000_000, "{prompt}: {} bytes", film.len());
        let mut decoder = gif::DecodeOptions::new()
            .read_info(film.as_slice())
            .expect("a GIF");
        assert_eq!((decoder.width(), decoder.height()), (320, 180));
        let mut frames = 0;
        while let Some(frame) = decoder.read_next_frame().expect("a whole frame") {
            assert!(
                frame.buffer.iter().any(|pixel| *pixel != 0),
                "{prompt}: frame {frames} is like the one before"
            );
            frames += 1;
        }
        assert_eq!(frames, 96);
    }
}

#[tokio::test]
async fn the_same_prompt_gives_the_same_bytes_and_another_prompt_others() {
    for name in NAMES {
        let first = bytes(name, json!({ "prompt": "a quiet lake", "seconds": 1 })).await;
        assert_eq!(
            first,
            bytes(name, json!({ "prompt": "a quiet lake", "seconds": 1 })).await
        );
        assert_ne!(
            first,
            bytes(name, json!({ "prompt": "a quiet pond", "seconds": 1 })).await
        );
    }
}

#[tokio::test]
async fn what_is_made_is_labelled_as_a_demo_for_everyone() {
    let output = run(
        "generate_image",
        json!({ "prompt": "a lighthouse at dusk" }),
    )
    .await
    .expect("a picture");
    assert_eq!(
        output.files[0].description,
        "A lighthouse at dusk (demo picture)"
    );
    assert_eq!(
        (output.files[0].name.as_str(), output.files[0].media_type),
        ("a-lighthouse-at-dusk.svg", "image/svg+xml")
    );
    assert!(
        output
            .details
            .is_some_and(|details| details.contains("demo producer"))
    );
    assert!(output.text.contains("demo producer"));
}

#[test]
fn titles_are_one_line_whatever_a_model_wrote() {
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
async fn arguments_that_cannot_be_used_are_refused_before_any_work() {
    for name in NAMES {
        let refused = run(name, json!({})).await.expect_err("no prompt");
        assert_eq!(
            refused,
            ToolError::BadArguments("prompt must be a text of 1 to 500 characters".to_owned())
        );
    }
    let refused = run("generate_video", json!({ "prompt": "rain", "seconds": 9 }))
        .await
        .expect_err("too long");
    assert_eq!(
        refused.to_string(),
        "seconds must be a whole number from 1 to 8"
    );
}

#[tokio::test]
async fn a_prompt_about_failing_fails_with_a_sentence_after_some_work() {
    for (name, excuse) in NAMES.into_iter().zip([
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
        assert_eq!(failed, ToolError::Failed(excuse.to_owned()));
        assert!((1..100).contains(&seen.borrow().percent.unwrap_or(0)));
    }
}

#[tokio::test]
async fn a_run_stops_while_it_waits_when_it_is_cancelled() {
    for name in NAMES {
        let (context, _seen) = context(1_000.0);
        let cancel = context.cancel.clone();
        let mut running = Registry::demo()
            .find(name)
            .expect("a demo tool")
            .run(json!({ "prompt": "slow rain" }), context);
        assert!((&mut running).now_or_never().is_none(), "it waits");
        cancel.cancel();
        assert_eq!(running.await, Err(ToolError::Cancelled));
    }
}

#[tokio::test]
async fn progress_never_goes_back_and_ends_at_100() {
    for prompt in ["a pond", "a slow pond"] {
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
        let (made, steps) = tokio::join!(run, watch);
        assert!(made.is_ok());
        assert!(
            steps.is_sorted() && steps.len() > 2 && steps.last() == Some(&Some(100)),
            "{steps:?}"
        );
    }
}

#[tokio::test]
async fn a_note_is_a_text_file_of_what_was_asked_for_and_asks_first() {
    let note = Registry::demo()
        .find("write_note")
        .expect("the tool for notes");
    assert!(note.asks_first(&json!({ "text": "buy oil" })));
    assert_eq!(note.title(&json!({ "text": "buy\noil" })), "Note: buy oil");
    assert_eq!(
        bytes("write_note", json!({ "text": " buy oil " })).await,
        b"buy oil"
    );
    for text in [json!(""), json!(7), json!("x".repeat(4_001))] {
        let refused = run("write_note", json!({ "text": text }))
            .await
            .expect_err("no usable text");
        assert_eq!(
            refused.to_string(),
            "text must be a text of 1 to 4000 characters"
        );
    }
}

#[test]
fn the_example_of_the_docs_is_the_tool_as_it_is() {
    assert!(
        include_str!("../../../../docs/tools.md").contains(include_str!("note.rs").trim_end()),
        "docs/tools.md shows another note.rs"
    );
}
