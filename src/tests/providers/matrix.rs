//! Every fault, at every place of the chain, before and after the first word: the turn always ends,
//! and nothing is left working. No time passes: the models answer at once or never, and nobody
//! waits. `make test` lets one number of models fail for each fault, `make hunt` each number.

use crate::{
    server::assistant::{
        model::{ErrorClass, Model, ModelError, ModelEvent},
        retry_policy::ModelTimeouts,
    },
    tests::support::{ScriptedModel, TestApp, hunt, within},
};
use serde_json::Value;
use std::sync::Arc;

/// What a model does at its fault.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Fails(ErrorClass),
    Hangs,
    Ends,
    SaysNothing,
}

fn faults() -> Vec<Fault> {
    let classes = ErrorClass::ALL.iter().copied().map(Fault::Fails);
    classes
        .chain([Fault::Hangs, Fault::Ends, Fault::SaysNothing])
        .collect()
}

fn script(fault: Fault, after_a_word: bool) -> Vec<ScriptedEvent> {
    let mut events = Vec::new();
    if after_a_word {
        events.push(Some(Ok(ModelEvent::Text("Half an answer ".into()))));
    }
    match fault {
        Fault::Fails(class) => events.push(Some(Err(ModelError {
            class,
            message: "no".into(),
            status: None,
            retry_after_s: None,
        }))),
        Fault::Hangs => events.push(None),
        Fault::Ends => {}
        Fault::SaysNothing => events.push(Some(Ok(ModelEvent::End {
            usage: None,
            cut_short: false,
        }))),
    }
    events
}

type ScriptedEvent = Option<Result<ModelEvent, ModelError>>;

fn answer() -> Vec<ScriptedEvent> {
    vec![
        Some(Ok(ModelEvent::Text("The answer.".into()))),
        Some(Ok(ModelEvent::End {
            usage: None,
            cut_short: false,
        })),
    ]
}

/// A chain of three in which the first `failing` do `fault`.
fn chain(fault: Fault, after_a_word: bool, failing: usize) -> Vec<Arc<dyn Model>> {
    let model = |at: usize| {
        ScriptedModel::that_says(
            &format!("m{at}"),
            if at < failing {
                script(fault, after_a_word)
            } else {
                answer()
            },
        )
    };
    (0..3).map(model).collect()
}

#[tokio::test]
async fn the_turn_always_ends_and_nothing_is_left_working() {
    let faults = faults().into_iter();
    let moments = faults.flat_map(|fault| [(fault, false), (fault, true)]);
    for (at, (fault, after_a_word)) in moments.enumerate() {
        for failing in 1..=3 {
            if hunt::is_long() || failing == at % 3 + 1 {
                check(fault, after_a_word, failing).await;
            }
        }
    }
}

async fn check(fault: Fault, after_a_word: bool, failing: usize) {
    let what = format!("{fault:?}, {failing} failing, after a word: {after_a_word}");
    let app =
        TestApp::with_patience(chain(fault, after_a_word, failing), ModelTimeouts::none()).await;
    let ada = app.person("ada@example.org").await;
    let here = ada.begins().await;
    ada.says(&here, "Hello").await;
    let read = within("the end of the turn", ada.awaits_the_end(&here)).await;
    let entries = ada.entries(&here).await;
    assert!(
        entries.iter().all(|entry| entry["status"] != "working"),
        "{what}: {entries:?}"
    );
    let status: Vec<&Value> = read["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["status"])
        .collect();
    assert!(!status.contains(&&Value::from("streaming")), "{what}");
    let whole_after_a_word = after_a_word && matches!(fault, Fault::SaysNothing);
    let stops = matches!(fault, Fault::Fails(ErrorClass::ContentFilter));
    let answered = whole_after_a_word || (failing < 3 && !stops);
    assert_eq!(
        status.last(),
        Some(&&Value::from(if answered { "done" } else { "failed" })),
        "{what}"
    );
    assert_eq!(
        entries.last().unwrap()["logType"],
        if answered { "ai_response" } else { "error" },
        "{what}"
    );
    let failures = entries
        .iter()
        .filter(|entry| entry["logType"] == "ai_response" && entry["status"] == "error")
        .count();
    let expected = match () {
        () if whole_after_a_word => 0,
        () if stops => 1,
        () => failing,
    };
    assert_eq!(failures, expected, "{what}");
}
