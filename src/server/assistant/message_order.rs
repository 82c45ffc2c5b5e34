//! Puts the messages of a request into the one order that every chat template accepts. Pure.
//!
//! The system prompt comes first, then a user message. Two neighbours never have the same role, and
//! the results of calls follow them directly, one for each call. A user message follows a result
//! directly only with the pictures in it. An assistant's text directly before its calls belongs to
//! them: both are one message of the assistant.

use super::model::{PromptMessage, ToolCall};
use std::collections::HashSet;

/// Stands for the user's message if the conversation begins with one of the assistant.
const BEGINNING: &str = "[The beginning of the conversation is left out.]";
/// Stands for the assistant's text if a turn ended after its tools.
const NO_ANSWER: &str = "[There was no answer.]";
/// Stands for the result of a call that has none.
const NO_RESULT: &str = "There is no result: the call did not end.";

/// The messages in the order that every chat template accepts; no text is lost. Ids of calls become
/// unique. Messages that are in order are unchanged.
pub(super) fn normalised(messages: Vec<PromptMessage>) -> Vec<PromptMessage> {
    let (system, rest): (Vec<_>, Vec<_>) = messages
        .into_iter()
        .filter(|message| !is_blank(message))
        .partition(|message| matches!(message, PromptMessage::System(_)));
    let mut ordered = Ordered::default();
    let mut rest = rest.into_iter().peekable();
    while let Some(message) = rest.next() {
        match message {
            PromptMessage::User(..) => ordered.user(message),
            PromptMessage::Assistant(text) => ordered.assistant(text),
            PromptMessage::Calls(calls) => {
                let is_result = |next: &PromptMessage| matches!(next, PromptMessage::Result { .. });
                let results = std::iter::from_fn(|| rest.next_if(is_result)).collect();
                ordered.calls(calls, results);
            }
            PromptMessage::Result { text, .. } => ordered.unpaired_result(&text),
            PromptMessage::System(_) => {}
        }
    }
    let system = system.into_iter().filter_map(|message| match message {
        PromptMessage::System(text) => Some(text),
        _ => None,
    });
    let system = system.reduce(joined).map(PromptMessage::System);
    system.into_iter().chain(ordered.messages).collect()
}

fn is_blank(message: &PromptMessage) -> bool {
    match message {
        PromptMessage::User(text, pictures) => text.trim().is_empty() && pictures.is_empty(),
        PromptMessage::System(text) | PromptMessage::Assistant(text) => text.trim().is_empty(),
        PromptMessage::Calls(calls) => calls.is_empty(),
        PromptMessage::Result { .. } => false,
    }
}

fn is_result_of(message: &PromptMessage, id: &str) -> bool {
    matches!(message, PromptMessage::Result { call_id, .. } if call_id == id)
}

/// Both texts with a blank line between them.
fn joined(first: String, second: String) -> String {
    match (first.trim().is_empty(), second.trim().is_empty()) {
        (true, _) => second,
        (_, true) => first,
        _ => format!("{first}\n\n{second}"),
    }
}

/// Messages in order.
#[derive(Default)]
struct Ordered {
    messages: Vec<PromptMessage>,
    call_ids: HashSet<String>,
}

impl Ordered {
    fn user(&mut self, message: PromptMessage) {
        match (self.messages.last_mut(), message) {
            (Some(PromptMessage::User(text, pictures)), PromptMessage::User(more, others)) => {
                *text = joined(std::mem::take(text), more);
                pictures.extend(others);
            }
            (Some(PromptMessage::Result { .. }), message) if !message.is_result_pictures() => {
                let answer = PromptMessage::Assistant(NO_ANSWER.to_owned());
                self.messages.extend([answer, message]);
            }
            (_, message) => self.messages.push(message),
        }
    }

    fn assistant(&mut self, more: String) {
        self.begin_with_user();
        match self.messages.last_mut() {
            Some(PromptMessage::Assistant(text)) => *text = joined(std::mem::take(text), more),
            _ => self.messages.push(PromptMessage::Assistant(more)),
        }
    }

    /// Adds calls, each with the first of `results` that has its id.
    fn calls(&mut self, calls: Vec<ToolCall>, results: Vec<PromptMessage>) {
        self.begin_with_user();
        let mut results: Vec<_> = results.into_iter().map(Some).collect();
        let mut pairs = Vec::with_capacity(calls.len());
        for mut call in calls {
            let its = results
                .iter_mut()
                .find(|result| result.as_ref().is_some_and(|it| is_result_of(it, &call.id)));
            let text = match its.and_then(Option::take) {
                Some(PromptMessage::Result { text, .. }) => text,
                _ => NO_RESULT.to_owned(),
            };
            call.id = self.unique(call.id);
            pairs.push((call, text));
        }
        let (calls, texts): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let ids: Vec<String> = calls.iter().map(|call| call.id.clone()).collect();
        self.messages.push(PromptMessage::Calls(calls));
        let result = |(call_id, text)| PromptMessage::Result { call_id, text };
        self.messages.extend(ids.into_iter().zip(texts).map(result));
        for unpaired in results.into_iter().flatten() {
            if let PromptMessage::Result { text, .. } = unpaired {
                self.unpaired_result(&text);
            }
        }
    }

    /// A result without its call becomes text, because no template has a place for it.
    fn unpaired_result(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.assistant(format!("[The result of a tool call:]\n{text}"));
        }
    }

    fn begin_with_user(&mut self) {
        if self.messages.is_empty() {
            let beginning = PromptMessage::User(BEGINNING.to_owned(), Vec::new());
            self.messages.push(beginning);
        }
    }

    fn unique(&mut self, id: String) -> String {
        let id = if id.is_empty() { "call".to_owned() } else { id };
        let numbered = (2..).map(|number| format!("{id}-{number}"));
        let unique = std::iter::once(id.clone())
            .chain(numbered)
            .find(|id| !self.call_ids.contains(id))
            .unwrap_or(id);
        self.call_ids.insert(unique.clone());
        unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::assistant::model::PromptImage;
    use proptest::prelude::*;

    fn system(text: &str) -> PromptMessage {
        PromptMessage::System(text.to_owned())
    }

    fn user(text: &str) -> PromptMessage {
        PromptMessage::User(text.to_owned(), Vec::new())
    }

    fn assistant(text: &str) -> PromptMessage {
        PromptMessage::Assistant(text.to_owned())
    }

    fn calls(ids: &[&str]) -> PromptMessage {
        let call = |id: &&str| ToolCall {
            id: (*id).to_owned(),
            name: "t".into(),
            arguments: serde_json::json!({}),
            signatures: Vec::new(),
        };
        PromptMessage::Calls(ids.iter().map(call).collect())
    }

    fn result(id: &str, text: &str) -> PromptMessage {
        PromptMessage::Result {
            call_id: id.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn each_odd_history_gets_the_order_of_the_templates() {
        for (name, history, ordered) in [
            (
                "a turn failed",
                vec![system("s"), user("a"), user("b")],
                vec![system("s"), user("a\n\nb")],
            ),
            (
                "a turn was stopped after its tools",
                vec![user("a"), calls(&["1"]), result("1", "r"), user("b")],
                vec![
                    user("a"),
                    calls(&["1"]),
                    result("1", "r"),
                    assistant(NO_ANSWER),
                    user("b"),
                ],
            ),
            (
                "a fallback answered after an interrupted answer",
                vec![user("a"), assistant("half"), assistant("whole")],
                vec![user("a"), assistant("half\n\nwhole")],
            ),
            (
                "the oldest messages were left out",
                vec![system("s"), assistant("b"), user("c")],
                vec![system("s"), user(BEGINNING), assistant("b"), user("c")],
            ),
            (
                "calls lost their results",
                vec![user("a"), calls(&["1", "2"]), result("2", "r")],
                vec![
                    user("a"),
                    calls(&["1", "2"]),
                    result("1", NO_RESULT),
                    result("2", "r"),
                ],
            ),
            (
                "two turns used the same id",
                vec![
                    user("a"),
                    calls(&["1"]),
                    result("1", "r"),
                    calls(&["1"]),
                    result("1", "s"),
                ],
                vec![
                    user("a"),
                    calls(&["1"]),
                    result("1", "r"),
                    calls(&["1-2"]),
                    result("1-2", "s"),
                ],
            ),
            (
                "a result without its call",
                vec![user("a"), result("1", "r"), assistant("b")],
                vec![user("a"), assistant("[The result of a tool call:]\nr\n\nb")],
            ),
            (
                "an answer without text",
                vec![user("a"), assistant(" \n"), user("b"), assistant("c")],
                vec![user("a\n\nb"), assistant("c")],
            ),
        ] {
            assert_eq!(normalised(history), ordered, "{name}");
        }
    }

    fn any_message() -> impl Strategy<Value = PromptMessage> {
        let text = || "[a-c]{1,3}|[ \n]?";
        let id = || "[12]?";
        let picture = |name: String| PromptImage {
            media_type: "image/png".into(),
            name,
            bytes: bytes::Bytes::new(),
        };
        prop_oneof![
            text().prop_map(PromptMessage::System),
            (text(), prop::collection::vec("p".prop_map(picture), 0..2))
                .prop_map(|(text, pictures)| PromptMessage::User(text, pictures)),
            text().prop_map(PromptMessage::Assistant),
            prop::collection::vec(id(), 0..3)
                .prop_map(|ids| { calls(&ids.iter().map(String::as_str).collect::<Vec<_>>()) }),
            (id(), text()).prop_map(|(call_id, text)| PromptMessage::Result { call_id, text }),
        ]
    }

    /// Fails unless every template accepts the messages.
    fn check_order(messages: &[PromptMessage]) {
        let start = usize::from(matches!(messages.first(), Some(PromptMessage::System(_))));
        let messages = &messages[start..];
        assert!(matches!(
            messages.first(),
            None | Some(PromptMessage::User(..))
        ));
        let mut waiting: Vec<String> = Vec::new();
        for pair in messages.windows(2) {
            if let PromptMessage::Calls(calls) = &pair[0] {
                waiting = calls.iter().rev().map(|call| call.id.clone()).collect();
            }
            match (&pair[0], &pair[1]) {
                (_, PromptMessage::Result { call_id, .. }) => {
                    assert_eq!(waiting.pop().as_ref(), Some(call_id));
                }
                (
                    PromptMessage::User(..) | PromptMessage::Assistant(_),
                    PromptMessage::Calls(_),
                )
                | (PromptMessage::User(..), PromptMessage::Assistant(_))
                | (PromptMessage::Assistant(_), PromptMessage::User(..)) => {}
                (
                    PromptMessage::Result { .. },
                    PromptMessage::Assistant(_) | PromptMessage::Calls(_),
                ) => assert!(waiting.is_empty()),
                pair => panic!("{pair:?}"),
            }
        }
        assert!(waiting.is_empty() && !matches!(messages.last(), Some(PromptMessage::Calls(_))));
    }

    fn count(messages: &[PromptMessage], what: fn(&PromptMessage) -> usize) -> usize {
        messages.iter().map(what).sum()
    }

    proptest! {
        #[test]
        fn any_history_gets_the_order_of_the_templates(
            history in prop::collection::vec(any_message(), 0..12),
        ) {
            let ordered = normalised(history.clone());
            check_order(&ordered);
            let letters = |message: &PromptMessage| match message {
                PromptMessage::System(text) | PromptMessage::Assistant(text)
                | PromptMessage::User(text, _) | PromptMessage::Result { text, .. } => {
                    let own = [BEGINNING, NO_ANSWER, NO_RESULT, "[The result of a tool call:]"];
                    let text = own.iter().fold(text.clone(), |text, own| text.replace(own, ""));
                    text.matches(['a', 'b', 'c']).count()
                }
                PromptMessage::Calls(_) => 0,
            };
            let pictures = |message: &PromptMessage| match message {
                PromptMessage::User(_, pictures) => pictures.len(),
                _ => 0,
            };
            let called = |message: &PromptMessage| match message {
                PromptMessage::Calls(calls) => calls.len(),
                _ => 0,
            };
            prop_assert_eq!(count(&ordered, letters), count(&history, letters));
            prop_assert_eq!(count(&ordered, pictures), count(&history, pictures));
            prop_assert_eq!(count(&ordered, called), count(&history, called));
            prop_assert_eq!(normalised(ordered.clone()), ordered);
        }
    }
}
