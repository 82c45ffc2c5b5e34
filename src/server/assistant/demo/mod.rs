//! The built-in demo model: scripted, without network, and labelled as a demo. The user's message
//! selects the script (`script`), so that every kind of work can be tried without a key.

mod answers;
mod script;

use super::{
    link::{LinkSpec, ProviderKind},
    model::{Model, ModelError, ModelEvent, ModelLink, ModelRequest, PromptMessage, Usage},
};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use script::{ScriptStep, play};
use std::{sync::Arc, time::Duration};

/// How a tool result for a sample begins; the demo model recognises it.
pub const RESULT_PREFIX: &str = "Demo sample: ";
/// Delay before a word, in milliseconds, with a delay factor of 1.
const WORD_MS: f64 = 35.0;
/// Delay before the first word, in milliseconds, with a delay factor of 1.
const THINKING_MS: f64 = 600.0;

/// A link of the demo chain: the second answers where the first is scripted to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoStep {
    /// The first link.
    Main,
    /// The fallback.
    Backup,
}

/// A link of the demo chain.
pub struct DemoModel {
    link: ModelLink,
    step: DemoStep,
    delay_factor: f64,
}

impl DemoModel {
    /// The demo chain; `delay_factor` multiplies all delays: 1 is normal, 0 is no delay.
    pub fn chain(delay_factor: f64) -> Vec<Arc<dyn Model>> {
        let link = |model: &str, name: &str| ModelLink {
            model: model.to_owned(),
            name: name.to_owned(),
            ..ModelLink::new(&LinkSpec::new(ProviderKind::Demo, model))
        };
        vec![
            Arc::new(Self {
                link: link("demo", "Demo"),
                step: DemoStep::Main,
                delay_factor,
            }),
            Arc::new(Self {
                link: link("demo-backup", "Demo backup"),
                step: DemoStep::Backup,
                delay_factor,
            }),
        ]
    }
}

impl Model for DemoModel {
    fn link(&self) -> &ModelLink {
        &self.link
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let usage = |written: usize| Usage {
            input_tokens: tokens(count_words(&request)),
            output_tokens: tokens(written),
            estimated: true,
        };
        let mut events: Vec<(f64, Result<ModelEvent, ModelError>)> = Vec::new();
        let mut written = 0;
        let step = play(self.step, &request.messages);
        match step {
            ScriptStep::Fail(error) => events.push((THINKING_MS, Err(error))),
            ScriptStep::Say {
                thoughts,
                text,
                slowness,
            } => {
                for word in words(&thoughts.unwrap_or_default()) {
                    written += 1;
                    events.push((WORD_MS * slowness, Ok(ModelEvent::Reasoning(word))));
                }
                for (at, word) in words(&text).into_iter().enumerate() {
                    let wait = if at == 0 {
                        THINKING_MS
                    } else {
                        WORD_MS * slowness
                    };
                    written += 1;
                    events.push((wait, Ok(ModelEvent::Text(word))));
                }
                events.push((
                    0.0,
                    Ok(ModelEvent::End {
                        usage: Some(usage(written)),
                        cut_short: false,
                    }),
                ));
            }
            ScriptStep::Call(calls) => {
                written += calls.len() * 12;
                events.extend(
                    calls
                        .into_iter()
                        .map(|call| (THINKING_MS, Ok(ModelEvent::Call(call)))),
                );
                events.push((
                    0.0,
                    Ok(ModelEvent::End {
                        usage: Some(usage(written)),
                        cut_short: false,
                    }),
                ));
            }
        }
        let delay_factor = self.delay_factor;
        stream::iter(events)
            .then(move |(wait_ms, event)| async move {
                wait(wait_ms * delay_factor).await;
                event
            })
            .boxed()
    }
}

async fn wait(ms: f64) {
    if ms > 0.0 {
        tokio::time::sleep(Duration::from_secs_f64(ms / 1000.0)).await;
    }
}

/// Words with their trailing white space.
fn words(text: &str) -> Vec<String> {
    text.split_inclusive([' ', '\n'])
        .map(str::to_owned)
        .collect()
}

fn count_words(request: &ModelRequest) -> usize {
    let words = |message: &PromptMessage| match message {
        PromptMessage::System(text)
        | PromptMessage::User(text, _)
        | PromptMessage::Assistant(text)
        | PromptMessage::Result { text, .. } => text.split_whitespace().count(),
        PromptMessage::Calls(calls) => calls.len() * 12,
    };
    request.messages.iter().map(words).sum()
}

/// About four tokens per three words.
fn tokens(words: usize) -> i64 {
    i64::try_from(words * 4 / 3).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn events(
        link: usize,
        messages: Vec<PromptMessage>,
    ) -> Vec<Result<ModelEvent, ModelError>> {
        DemoModel::chain(0.0)[link]
            .stream(ModelRequest {
                messages,
                tools: Vec::new(),
            })
            .collect()
            .await
    }

    fn user(text: &str) -> Vec<PromptMessage> {
        vec![PromptMessage::User(text.to_owned(), Vec::new())]
    }

    #[tokio::test]
    async fn an_answer_streams_word_by_word_and_ends_with_its_usage() {
        let events = events(0, user("Hello, who are you?")).await;
        let (end, words) = events.split_last().unwrap();
        let text: String = words
            .iter()
            .map(|word| {
                if let Ok(ModelEvent::Text(word)) = word {
                    word.as_str()
                } else {
                    panic!("{word:?}")
                }
            })
            .collect();
        let ScriptStep::Say { text: whole, .. } =
            play(DemoStep::Main, &user("Hello, who are you?"))
        else {
            panic!("it says something")
        };
        assert_eq!(text, whole);
        assert!(words.len() > 50, "{}", words.len());
        let Ok(ModelEvent::End {
            usage: Some(usage), ..
        }) = end
        else {
            panic!("{end:?}")
        };
        assert!(
            usage.estimated
                && usage.input_tokens == 5
                && usage.output_tokens == tokens(words.len()),
            "{usage:?}"
        );
    }

    #[tokio::test]
    async fn tools_are_called_one_by_one_and_then_the_stream_ends() {
        let events = events(0, user("A picture and a song")).await;
        let names: Vec<_> = events
            .iter()
            .map(|event| {
                if let Ok(ModelEvent::Call(call)) = event {
                    call.name.as_str()
                } else {
                    ""
                }
            })
            .collect();
        assert_eq!(names, ["generate_image", "generate_music", ""]);
        assert!(
            matches!(
                events.last(),
                Some(Ok(ModelEvent::End { usage: Some(_), .. }))
            ),
            "{events:?}"
        );
    }

    #[tokio::test]
    async fn a_link_that_is_scripted_to_fail_sends_only_an_error() {
        let main = events(0, user("Show me a fallback")).await;
        assert!(
            matches!(&main[..], [Err(error)] if error.retry_after_s == Some(38)),
            "{main:?}"
        );
        assert!(
            events(1, user("Show me a fallback"))
                .await
                .iter()
                .all(Result::is_ok)
        );
    }
}
