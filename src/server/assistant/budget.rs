//! How much of a conversation a model is given: as much as its window holds, newest first. Pure.

use super::{
    model::{ModelRequest, PromptMessage},
    tool::ToolDefinition,
};

/// Part of the window that is kept for the answer: a quarter, at most this many tokens.
const ANSWER_MAX: usize = 8_192;
/// Tokens that a message costs beside its text.
const EACH: usize = 6;
/// Tokens that a picture costs, about, rather too many than too few: Gemini counts 258 for each
/// tile of a large one.
const PICTURE: usize = 1_500;

/// `request` cut to `window` tokens, and how many messages were left out, oldest first. What stays
/// for certain is how to behave and the person's last message. A tool's answer stays with the call
/// it answers.
pub(super) fn fit(request: &ModelRequest, window: usize) -> (ModelRequest, usize) {
    let tools: usize = request.tools.iter().map(of_tool).sum();
    let mut left = window.saturating_sub((window / 4).min(ANSWER_MAX) + tools);
    let asked = request
        .said
        .iter()
        .rposition(|said| matches!(said, PromptMessage::User(..)));
    let certain = |at: usize, said: &PromptMessage| {
        Some(at) == asked || matches!(said, PromptMessage::System(_))
    };
    let sure: usize = request
        .said
        .iter()
        .enumerate()
        .filter(|(at, said)| certain(*at, said))
        .map(|(_, said)| of_said(said))
        .sum();
    left = left.saturating_sub(sure);
    let mut kept = vec![false; request.said.len()];
    let mut full = false;
    for group in groups(&request.said).into_iter().rev() {
        let cost: usize = group
            .clone()
            .filter(|at| !certain(*at, &request.said[*at]))
            .map(|at| of_said(&request.said[at]))
            .sum();
        full |= cost > left;
        left = if full { left } else { left - cost };
        group.for_each(|at| kept[at] = !full || certain(at, &request.said[at]));
    }
    let left_out = kept.iter().filter(|kept| !**kept).count();
    let said = request
        .said
        .iter()
        .zip(kept)
        .filter(|(_, kept)| *kept)
        .map(|(said, _)| said.clone())
        .collect();
    (
        ModelRequest {
            said,
            tools: request.tools.clone(),
        },
        left_out,
    )
}

/// Tokens that a model reads of a request, about.
pub(super) fn estimate(request: &ModelRequest) -> usize {
    request.said.iter().map(of_said).sum::<usize>()
        + request.tools.iter().map(of_tool).sum::<usize>()
}

/// What goes together: a round of calls with its answers; everything else stands alone.
fn groups(said: &[PromptMessage]) -> Vec<std::ops::Range<usize>> {
    let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, one) in said.iter().enumerate() {
        match (one, groups.last_mut()) {
            (PromptMessage::Result { .. }, Some(round)) => round.end = at + 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

fn of_said(said: &PromptMessage) -> usize {
    EACH + match said {
        PromptMessage::User(text, pictures) => tokens(text) + pictures.len() * PICTURE,
        PromptMessage::System(text)
        | PromptMessage::Assistant(text)
        | PromptMessage::Result { text, .. } => tokens(text),
        PromptMessage::Calls(calls) => calls
            .iter()
            .map(|call| tokens(&call.name) + tokens(&call.arguments.to_string()) + EACH)
            .sum(),
    }
}

fn of_tool(tool: &ToolDefinition) -> usize {
    EACH + tokens(&tool.name) + tokens(&tool.description) + tokens(&tool.schema.to_string())
}

/// About how many tokens a text is, rather too many than too few: one for three ASCII characters,
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

    fn round(n: usize) -> [PromptMessage; 2] {
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
        ]
    }

    #[test]
    fn what_fits_is_left_whole() {
        let request = ModelRequest {
            said: vec![
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
    fn the_oldest_is_left_out_first_and_the_question_never() {
        let old = PromptMessage::Assistant("o".repeat(3_000));
        let said = vec![
            PromptMessage::System("s".into()),
            old,
            PromptMessage::Assistant("newer".into()),
            user(&"q".repeat(9_000)),
        ];
        let (cut, left_out) = fit(
            &ModelRequest {
                said: said.clone(),
                tools: Vec::new(),
            },
            1_024,
        );
        assert_eq!(
            (cut.said, left_out),
            (vec![said[0].clone(), said[3].clone()], 2)
        );
    }

    proptest! {
        #[test]
        fn calls_and_their_answers_stay_together(window in 64usize..4_000, rounds in 0usize..8) {
            let mut said = vec![PromptMessage::System("s".into()), user("old"), user("do it")];
            said.extend((0..rounds).flat_map(round));
            let (cut, left_out) = fit(&ModelRequest { said: said.clone(), tools: Vec::new() }, window);
            prop_assert_eq!(cut.said.len() + left_out, said.len());
            let called: Vec<&String> = cut.said.iter().filter_map(|said| if let PromptMessage::Calls(calls) = said { Some(&calls[0].id) } else { None }).collect();
            let answered: Vec<&String> = cut.said.iter().filter_map(|said| if let PromptMessage::Result { call_id, .. } = said { Some(call_id) } else { None }).collect();
            prop_assert_eq!(called, answered);
            prop_assert!(cut.said.contains(&user("do it")) && matches!(cut.said[0], PromptMessage::System(_)));
        }
    }
}
