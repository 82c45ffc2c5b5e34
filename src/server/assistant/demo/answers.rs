//! The answers of the demo model.

use crate::server::assistant::{demo::RESULT_PREFIX, model::ToolCall};

/// Example messages and what they demonstrate.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "Paint a lighthouse at dusk",
        "a tool at work, with a sample picture",
    ),
    ("A picture and a song", "two tools side by side"),
    (
        "Make a slow film of rain",
        "a tool that takes its time and reports progress",
    ),
    ("Let a tool fail", "a failure that does not end the answer"),
    (
        "Write a note: buy lamp oil",
        "a tool that asks you before it writes",
    ),
    (
        "Show me a fallback",
        "a model over its limit, and another one that steps in",
    ),
    ("Let everything fail", "the message when every model fails"),
    ("Think aloud", "a model that thinks before it answers"),
    (
        "Tell me something long",
        "a long answer with a table, a list and code",
    ),
];

/// At most `max_chars` characters of a text on one line, escaped for Markdown: an unclosed code
/// fence in it must not affect the text after it.
fn quoted(text: &str, max_chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut quoted = String::with_capacity(line.len());
    for c in line.chars().take(max_chars) {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '~' | '&'
        ) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

/// The answer to any other message, with examples to try.
pub(super) fn help(question: &str) -> String {
    let question = quoted(question, 80);
    let lines: String = EXAMPLES
        .iter()
        .map(|(message, shows)| format!("- **{message}**: {shows}\n"))
        .collect();
    format!(
        "You wrote “{question}”. I am Holly’s built-in **demo**: I follow a script and know \
         nothing of the world, but everything around me is real. The entry above this answer is \
         in your work log, and it is still there after a reload.\n\n\
         Type one of these to see more:\n\n{lines}\n\
         Give Holly a real model and it answers for itself."
    )
}

/// The kind of media that a call makes, and its prompt.
fn kind_and_prompt(call: &ToolCall) -> (&'static str, String) {
    let kind = match call.name.as_str() {
        "generate_music" => "song",
        "generate_video" => "film",
        "write_note" => "note",
        _ => "picture",
    };
    let prompt = call.arguments["prompt"]
        .as_str()
        .or(call.arguments["text"].as_str());
    (kind, quoted(prompt.unwrap_or_default(), 200))
}

/// The answer about the tools' results. Samples are named as samples.
pub(super) fn about_results(results: &[(&ToolCall, &str)]) -> String {
    let describe = |call: &ToolCall| {
        let (kind, prompt) = kind_and_prompt(call);
        format!("the {kind} “{prompt}”")
    };
    let is_sample = |text: &str| text.starts_with(RESULT_PREFIX);
    let (refused, run): (Vec<_>, Vec<_>) = results
        .iter()
        .partition(|(_, text)| text.starts_with("The user did not"));
    let (failed, made): (Vec<_>, Vec<_>) = run
        .into_iter()
        .partition(|(_, text)| text.starts_with("The tool failed"));
    let made: Vec<String> = made
        .iter()
        .map(|(call, text)| match kind_and_prompt(call) {
            (kind, prompt) if is_sample(text) => format!("a sample {kind} for “{prompt}”"),
            _ => describe(call),
        })
        .collect();
    let mut text = String::new();
    if !made.is_empty() {
        text.push_str(&format!("Here you are: {}.\n\n", made.join(" and ")));
    }
    for (call, result) in failed {
        let error = result.trim_start_matches("The tool failed: ");
        text.push_str(&format!(
            "I could not make {}. The tool said: “{}” The work log above shows what happened.\n\n",
            describe(call),
            quoted(error, 400)
        ));
    }
    for (call, _) in refused {
        text.push_str(&format!(
            "I left out {}, because you did not allow it.\n\n",
            describe(call)
        ));
    }
    text.push_str("Open the lines above to see what was asked and how long it took. ");
    text.push_str(if results.iter().any(|(_, text)| is_sample(text)) {
        "*This is a demo: the words are a script, and a sample is the same for every request.*"
    } else {
        "*This is a demo: the words are a script, the work is real.*"
    });
    text
}

/// What the demo thinks aloud.
pub(super) fn thoughts() -> String {
    "This is the demo thinking aloud, by a script.\n\n\
     The user wants to see what a model thinks before it answers. A model that thinks sends its \
     thoughts apart from the answer, so they belong in a line of the work log, and the answer must \
     not repeat them.\n\n\
     So I say where the thoughts are, and that they stay there."
        .to_owned()
}

/// The answer after thinking aloud.
pub(super) fn after_thoughts(question: &str) -> String {
    format!(
        "You wrote “{}”. I thought first: open the line **Thought for …** above to read what. \
         Thoughts are kept in the work log only; they are no part of the answer, and no model is \
         told them later.\n\n*This is a demo: the thoughts are a script, like the answer.*",
        quoted(question, 80)
    )
}

/// The answer of the backup model.
pub(super) fn from_the_backup(question: &str) -> String {
    format!(
        "The first model was over its limit, so I, the **backup** of the demo, answer instead. \
         The log above says what happened, with the provider’s own words.\n\nYou wrote: “{}”",
        quoted(question, 120)
    )
}

/// A long answer that uses all Markdown features.
pub(super) fn long() -> String {
    let mut text = String::from(
        "# A short history of lighthouses\n\n\
         Long before charts were trustworthy, a fire on a headland told a crew two things: \
         *land is here*, and *somebody is awake*.\n\n## Some of them\n\n\
         | Name | Year | Height |\n| --- | ---: | ---: |\n\
         | Pharos of Alexandria | about 280 BC | over 100 m |\n\
         | Tower of Hercules | about 100 | 55 m |\n| Eddystone, the fourth | 1882 | 49 m |\n\n\
         ## How a light is told from another\n\n1. By its colour.\n\
         2. By its rhythm: so many flashes in so many seconds.\n\
         3. By its height above the sea.\n\n\
         > The light is for those who are far away; those who are near need a harbour.\n\n\
         The geographical range of a light, with both heights in metres and the range in \
         nautical miles:\n\n\
         ```python\ndef horizon(light, eye):\n    return 2.03 * (light ** 0.5 + eye ** 0.5)\n\n\n\
         print(horizon(49, 4))\n```\n\n",
    );
    for (place, detail) in [
        (
            "On open rock",
            "masons dovetailed every stone into its neighbours, so that the sea could not take \
             one without taking all",
        ),
        (
            "On sand",
            "iron legs were screwed into the ground, and the waves passed between them",
        ),
        (
            "On a cliff",
            "the tower could be short, but fog often hid it, and a horn had to speak for the light",
        ),
        (
            "In a harbour mouth",
            "two lights one above the other drew a line that pilots only had to follow",
        ),
    ] {
        text.push_str(&format!(
            "**{place}**, {detail}. Keepers wound the clockwork every few hours, \
             trimmed the wick, and wrote down each ship that passed.\n\n"
        ));
    }
    text.push_str("That is the end of the long answer. *It is a script of the demo.*");
    text
}
