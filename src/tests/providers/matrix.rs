//! Every fault at every position of the chain, before and after the first text: the turn always
//! ends and no entry stays `working`. No real time passes: models answer at once or never. `make
//! test` runs one number of failing models per fault, `make hunt` runs all.

use crate::{
    server::assistant::{
        model::{ErrorClass, Model, ModelError, ModelEvent},
        retry_policy::ModelTimeouts,
    },
    tests::support::{ScriptedModel, TestApp, hunt, within},
};
use serde_json::Value;
use std::sync::Arc;

/// What a failing model does.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Fails(ErrorClass),
    Hangs,
    Ends,
    EmptyAnswer,
}

fn faults() -> Vec<Fault> {
    let classes = ErrorClass::ALL.iter().copied().map(Fault::Fails);
    classes
        .chain([Fault::Hangs, Fault::Ends, Fault::EmptyAnswer])
        .collect()
}

fn script(fault: Fault, after_text: bool) -> Vec<ScriptedEvent> {
    let mut events = Vec::new();
    if after_text {
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
        Fault::EmptyAnswer => events.push(Some(Ok(ModelEvent::End {
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

/// A chain of three models of which the first `failing` show `fault`.
fn chain(fault: Fault, after_text: bool, failing: usize) -> Vec<Arc<dyn Model>> {
    let model = |at: usize| {
        ScriptedModel::that_says(
            &format!("m{at}"),
            if at < failing {
                script(fault, after_text)
            } else {
                answer()
            },
        )
    };
    (0..3).map(model).collect()
}

#[tokio::test]
async fn a_turn_always_ends_without_working_entries() {
    let faults = faults().into_iter();
    let cases = faults.flat_map(|fault| [(fault, false), (fault, true)]);
    for (at, (fault, after_text)) in cases.enumerate() {
        for failing in 1..=3 {
            if hunt::is_long() || failing == at % 3 + 1 {
                check(fault, after_text, failing).await;
            }
        }
    }
}

async fn check(fault: Fault, after_text: bool, failing: usize) {
    let case = format!("{fault:?}, {failing} failing, after text: {after_text}");
    let app =
        TestApp::with_timeouts(chain(fault, after_text, failing), ModelTimeouts::none()).await;
    let ada = app.person("ada@example.org").await;
    let conversation = ada.begins().await;
    ada.says(&conversation, "Hello").await;
    let read = within("the end of the turn", ada.awaits_the_end(&conversation)).await;
    let entries = ada.entries(&conversation).await;
    assert!(
        entries.iter().all(|entry| entry["status"] != "working"),
        "{case}: {entries:?}"
    );
    let status: Vec<&Value> = read["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["status"])
        .collect();
    assert!(!status.contains(&&Value::from("streaming")), "{case}");
    let complete_after_text = after_text && matches!(fault, Fault::EmptyAnswer);
    let ends_chain = matches!(fault, Fault::Fails(ErrorClass::ContentFilter));
    let answered = complete_after_text || (failing < 3 && !ends_chain);
    assert_eq!(
        status.last(),
        Some(&&Value::from(if answered { "done" } else { "failed" })),
        "{case}"
    );
    assert_eq!(
        entries.last().unwrap()["logType"],
        if answered { "ai_response" } else { "error" },
        "{case}"
    );
    let failures = entries
        .iter()
        .filter(|entry| entry["logType"] == "ai_response" && entry["status"] == "error")
        .count();
    let expected = match () {
        () if complete_after_text => 0,
        () if ends_chain => 1,
        () => failing,
    };
    assert_eq!(failures, expected, "{case}");
}
