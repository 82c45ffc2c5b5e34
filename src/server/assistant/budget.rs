//! Fits a conversation into a model's context window, newest messages first. Pure.

use super::{
    model::{ModelRequest, PromptMessage},
    tool::ToolDefinition,
};

/// Maximum number of tokens reserved for the answer; otherwise a quarter of the window.
const ANSWER_MAX_TOKENS: usize = 8_192;
/// Tokens per message or call in addition to its text.
const OVERHEAD_TOKENS: usize = 6;
/// Estimated tokens per picture, rather too many than too few: Gemini counts 258 for each tile of a
/// large one.
const PICTURE_TOKENS: usize = 1_500;

/// Cuts `request` to `window` tokens. Returns it with the number of omitted messages, oldest first.
/// The system message and the user's last message are always kept. A tool result stays together
/// with its call.
pub(super) fn fit(request: &ModelRequest, window: usize) -> (ModelRequest, usize) {
    let tools: usize = request.tools.iter().map(tool_tokens).sum();
    let mut left = window.saturating_sub((window / 4).min(ANSWER_MAX_TOKENS) + tools);
    let question = request.messages.iter().rposition(|message| {
        matches!(message, PromptMessage::User(..)) && !message.is_result_pictures()
    });
    let required = |at: usize, message: &PromptMessage| {
        Some(at) == question || matches!(message, PromptMessage::System(_))
    };
    let required_tokens: usize = request
        .messages
        .iter()
        .enumerate()
        .filter(|(at, message)| required(*at, message))
        .map(|(_, message)| message_tokens(message))
        .sum();
    left = left.saturating_sub(required_tokens);
    let mut kept = vec![false; request.messages.len()];
    let mut full = false;
    for group in groups(&request.messages).into_iter().rev() {
        let cost: usize = group
            .clone()
            .filter(|at| !required(*at, &request.messages[*at]))
            .map(|at| message_tokens(&request.messages[at]))
            .sum();
        full |= cost > left;
        left = if full { left } else { left - cost };
        group.for_each(|at| kept[at] = !full || required(at, &request.messages[at]));
    }
    let omitted = kept.iter().filter(|kept| !**kept).count();
    let messages = request
        .messages
        .iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .map(|(message, _)| message.clone())
        .collect();
    (
        ModelRequest {
            messages,
            tools: request.tools.clone(),
        },
        omitted,
    )
}

/// Estimates the input tokens of a request.
pub(super) fn estimate(request: &ModelRequest) -> usize {
    request.messages.iter().map(message_tokens).sum::<usize>()
        + request.tools.iter().map(tool_tokens).sum::<usize>()
}

/// Groups calls with their results and the pictures of these; every other message is a group of
/// its own.
fn groups(messages: &[PromptMessage]) -> Vec<std::ops::Range<usize>> {
    let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        match (message, groups.last_mut()) {
            (PromptMessage::Result { .. }, Some(round)) => round.end = at + 1,
            (message, Some(round)) if message.is_result_pictures() => round.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

fn message_tokens(message: &PromptMessage) -> usize {
    let content = match message {
        PromptMessage::User(text, pictures) => tokens(text) + pictures.len() * PICTURE_TOKENS,
        PromptMessage::System(text)
        | PromptMessage::Assistant(text)
        | PromptMessage::Result { text, .. } => tokens(text),
        PromptMessage::Calls(calls) => calls
            .iter()
            .map(|call| tokens(&call.name) + tokens(&call.arguments.to_string()) + OVERHEAD_TOKENS)
            .sum(),
    };
    OVERHEAD_TOKENS + content
}

fn tool_tokens(tool: &ToolDefinition) -> usize {
    OVERHEAD_TOKENS
        + tokens(&tool.name)
        + tokens(&tool.description)
        + tokens(&tool.schema.to_string())
}

/// Estimates the tokens of a text, rather too many than too few: one for three ASCII characters,
/// one for any other.
pub(super) fn tokens(text: &str) -> usize {
    let (ascii, other) = text.chars().fold((0, 0), |(ascii, other), c| {
        if c.is_ascii() {
            (ascii + 1, other)
        } else {
            (ascii, other + 1)
        }
    });
    usize::div_ceil(ascii, 3) + other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::assistant::model::ToolCall;
    use proptest::prelude::*;

    fn user(text: &str) -> PromptMessage {
        PromptMessage::User(text.to_owned(), Vec::new())
    }

    fn round(n: usize) -> [PromptMessage; 3] {
        let id = format!("call-{n}");
        let call = ToolCall {
            id: id.clone(),
            name: "t".into(),
            arguments: serde_json::json!({}),
            signatures: Vec::new(),
        };
        [
            PromptMessage::Calls(vec![call]),
            PromptMessage::Result {
                call_id: id,
                text: "x".repeat(300),
            },
            PromptMessage::result_pictures(Vec::new(), ""),
        ]
    }

    #[test]
    fn a_request_that_fits_is_unchanged() {
        let request = ModelRequest {
            messages: vec![
                PromptMessage::System("s".into()),
                user("a"),
                PromptMessage::Assistant("b".into()),
                user("c"),
            ],
            tools: Vec::new(),
        };
        assert_eq!(fit(&request, 8_000), (request.clone(), 0));
    }

    #[test]
    fn the_oldest_messages_are_omitted_first_and_the_question_never() {
        let old = PromptMessage::Assistant("o".repeat(3_000));
        let messages = vec![
            PromptMessage::System("s".into()),
            old,
            PromptMessage::Assistant("newer".into()),
            user(&"q".repeat(9_000)),
        ];
        let (cut, omitted) = fit(
            &ModelRequest {
                messages: messages.clone(),
                tools: Vec::new(),
            },
            1_024,
        );
        assert_eq!(
            (cut.messages, omitted),
            (vec![messages[0].clone(), messages[3].clone()], 2)
        );
    }

    proptest! {
        #[test]
        fn calls_and_their_results_stay_together(window in 64usize..4_000, rounds in 0usize..8) {
            let mut messages =
                vec![PromptMessage::System("s".into()), user("old"), user("do it")];
            messages.extend((0..rounds).flat_map(round));
            let request = ModelRequest { messages: messages.clone(), tools: Vec::new() };
            let (cut, omitted) = fit(&request, window);
            prop_assert_eq!(cut.messages.len() + omitted, messages.len());
            let called = cut.messages.iter().filter_map(|message| match message {
                PromptMessage::Calls(calls) => Some(&calls[0].id),
                _ => None,
            });
            let answered = cut.messages.iter().filter_map(|message| match message {
                PromptMessage::Result { call_id, .. } => Some(call_id),
                _ => None,
            });
            let answered = answered.collect::<Vec<_>>();
            let pictures = cut.messages.iter().filter(|message| message.is_result_pictures());
            prop_assert_eq!(pictures.count(), answered.len());
            prop_assert_eq!(called.collect::<Vec<_>>(), answered);
            prop_assert!(cut.messages.contains(&user("do it")));
            prop_assert!(matches!(cut.messages[0], PromptMessage::System(_)));
        }
    }
}
