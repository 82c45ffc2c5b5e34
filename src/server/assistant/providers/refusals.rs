//! What a model server refuses although the request would do without it: tools, pictures, the role
//! of the system prompt, options. The request is made again without it.

use crate::server::assistant::{
    model::{ModelLink, ModelRequest, OptionalPart, PromptMessage, ToolCall},
    tool::ToolDefinition,
};
use std::collections::HashMap;

/// Maximum number of single tools that are left out; with more, all are.
const TOOLS_MAX: usize = 32;

/// What is left out of the requests to a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Omissions {
    parts: Vec<OptionalPart>,
    /// Tools whose definitions were refused. A changed definition is tried again.
    tools: Vec<ToolDefinition>,
}

/// What a server refused.
#[derive(Debug, Clone, PartialEq)]
pub enum RefusedPart {
    /// Everything of this kind.
    Whole(OptionalPart),
    /// The definitions of these tools.
    Tools(Vec<ToolDefinition>),
}

impl RefusedPart {
    /// The part of the request that is affected.
    pub const fn part(&self) -> OptionalPart {
        match self {
            Self::Whole(part) => *part,
            Self::Tools(_) => OptionalPart::Tools,
        }
    }
}

impl Omissions {
    /// Whether this part is left out.
    pub fn contains(&self, part: OptionalPart) -> bool {
        self.parts.contains(&part)
    }

    /// Leaves out one more thing. `false` if it was left out already.
    pub fn add(&mut self, refused: RefusedPart) -> bool {
        match refused {
            RefusedPart::Whole(part) if self.contains(part) => false,
            RefusedPart::Whole(part) => {
                self.parts.push(part);
                true
            }
            RefusedPart::Tools(tools) if self.tools.len() + tools.len() > TOOLS_MAX => {
                !tools.is_empty() && self.add(RefusedPart::Whole(OptionalPart::Tools))
            }
            RefusedPart::Tools(tools) => {
                let before = self.tools.len();
                let new = tools.into_iter().filter(|tool| !self.tools.contains(tool));
                let new: Vec<_> = new.collect();
                self.tools.extend(new);
                self.tools.len() > before
            }
        }
    }

    /// Adds what another request has learned, except `passing` parts.
    pub fn merge(&mut self, other: Self, passing: &[OptionalPart]) {
        for part in other.parts {
            if !passing.contains(&part) {
                self.add(RefusedPart::Whole(part));
            }
        }
        self.add(RefusedPart::Tools(other.tools));
    }

    /// The request without what is left out. What the conversation says about calls or pictures is
    /// told in words instead.
    pub fn apply(&self, request: &ModelRequest, link: &ModelLink) -> ModelRequest {
        let mut request = if self.contains(OptionalPart::Images) {
            let blind = ModelLink {
                supports_images: false,
                ..link.clone()
            };
            request.adapted_to(&blind).0
        } else {
            request.clone()
        };
        if self.contains(OptionalPart::Tools) {
            request.tools.clear();
        }
        request.tools.retain(|tool| !self.tools.contains(tool));
        if self.contains(OptionalPart::SystemRole) {
            system_as_user(&mut request.messages);
        }
        if request.tools.is_empty() {
            calls_as_text(&mut request.messages);
        }
        request
    }
}

/// Puts the system prompt before the first message of the user.
fn system_as_user(messages: &mut Vec<PromptMessage>) {
    let mut prompts = Vec::new();
    messages.retain(|message| match message {
        PromptMessage::System(text) => {
            prompts.push(text.clone());
            false
        }
        _ => true,
    });
    let prompt = prompts.join("\n\n");
    if prompt.is_empty() {
        return;
    }
    match messages.first_mut() {
        Some(PromptMessage::User(text, _)) => *text = format!("{prompt}\n\n{text}"),
        _ => messages.insert(0, PromptMessage::User(prompt, Vec::new())),
    }
}

/// Tells calls and results in words, for a server that takes no tools. Neighbours of one role
/// become one message.
fn calls_as_text(messages: &mut Vec<PromptMessage>) {
    let is_call = |message: &PromptMessage| {
        matches!(
            message,
            PromptMessage::Calls(_) | PromptMessage::Result { .. }
        )
    };
    if !messages.iter().any(is_call) {
        return;
    }
    let mut names: HashMap<String, String> = HashMap::new();
    let mut told: Vec<PromptMessage> = Vec::with_capacity(messages.len());
    for message in std::mem::take(messages) {
        let next = match message {
            PromptMessage::Calls(calls) => {
                let pairs = calls
                    .iter()
                    .map(|call| (call.id.clone(), call.name.clone()));
                names.extend(pairs);
                let lines: Vec<String> = calls.iter().map(call_in_words).collect();
                PromptMessage::Assistant(lines.join("\n"))
            }
            PromptMessage::Result { call_id, text } => {
                let name = names.get(&call_id).map_or("a tool", String::as_str);
                PromptMessage::User(format!("[Result of {name}: {text}]"), Vec::new())
            }
            other => other,
        };
        match (told.last_mut(), next) {
            (Some(PromptMessage::Assistant(text)), PromptMessage::Assistant(more)) => {
                *text = format!("{text}\n\n{more}");
            }
            (Some(PromptMessage::User(text, pictures)), PromptMessage::User(more, others)) => {
                *text = format!("{text}\n\n{more}");
                pictures.extend(others);
            }
            (_, next) => told.push(next),
        }
    }
    *messages = told;
}

fn call_in_words(call: &ToolCall) -> String {
    format!("[Called {} with {}]", call.name, call.arguments)
}

/// Words of which one must be in a message that refuses something.
const REFUSING: &[&str] = &[
    "not support",
    "n't support",
    "unsupported",
    "roles are supported",
    "endpoints found that support",
    "must alternate",
    "requires --",
    "not enabled",
    "not permitted",
    "not allowed",
    "not accept",
    "not a multimodal",
    "at most 0",
    "unrecognized",
    "unknown",
    "extra_forbidden",
    "input should be",
    "invalid schema",
    "maximum allowed",
];
/// The first of [`REFUSING`], which count when a server answers 500 because its chat template
/// failed.
const REFUSING_AT_500: usize = 7;

/// Words about each part, in the order in which they are looked for.
const SUBJECTS: &[(OptionalPart, &[&str])] = &[
    (
        OptionalPart::Options,
        &["stream_options", "include_usage", "max_tokens"],
    ),
    (
        OptionalPart::SystemRole,
        &[
            "system role",
            "system message",
            "system prompt",
            "system instruction",
            "system_instruction",
            "systeminstruction",
            "developer instruction",
            "role 'system'",
            "role: system",
            "role \"system\"",
            "'system' with this model",
            "'input': 'system'",
            "only user and assistant roles",
            "only user, assistant and tool roles",
            "roles must alternate",
        ],
    ),
    (
        OptionalPart::Images,
        &["image", "vision", "multimodal", "multi-modal", "mmproj"],
    ),
    (OptionalPart::Tools, &["tool", "function"]),
];

/// Groq's complaint about a call that its model wrote names tools too.
const ABOUT_AN_ANSWER: &[&str] = &["tool_use_failed", "failed_generation"];

/// What a failed request was refused for, if it could do without it. `sent` is the request as it
/// was sent.
pub fn refused_part(
    status: u16,
    body: &str,
    sent: &ModelRequest,
    omissions: &Omissions,
) -> Option<RefusedPart> {
    let refusing = match status {
        400 | 404 | 422 => REFUSING,
        500 | 501 => REFUSING.get(..REFUSING_AT_500).unwrap_or_default(),
        _ => return None,
    };
    let body = body.to_lowercase();
    let contains = |words: &[&str]| words.iter().any(|word| body.contains(word));
    if contains(ABOUT_AN_ANSWER) {
        return None;
    }
    let tools = refused_tools(&body, &sent.tools);
    if !tools.is_empty() && status < 500 {
        return Some(RefusedPart::Tools(tools));
    }
    if !contains(refusing) {
        return None;
    }
    let sends_images = |message: &PromptMessage| match message {
        PromptMessage::User(_, pictures) => !pictures.is_empty(),
        _ => false,
    };
    let is_system = |message: &PromptMessage| matches!(message, PromptMessage::System(_));
    let is_sent = |part: OptionalPart| match part {
        OptionalPart::Options => !omissions.contains(OptionalPart::Options),
        OptionalPart::SystemRole => {
            sent.messages.iter().any(is_system) && !body.contains("optional system message")
        }
        OptionalPart::Images => sent.messages.iter().any(sends_images),
        OptionalPart::Tools => !sent.tools.is_empty(),
    };
    SUBJECTS
        .iter()
        .find(|(part, words)| is_sent(*part) && contains(words))
        .map(|(part, _)| RefusedPart::Whole(*part))
}

/// Whether a refusal is about this request only: about the type of a picture, not about pictures.
pub fn is_passing(part: OptionalPart, body: &str) -> bool {
    let body = body.to_lowercase();
    let about_one = ["mime", "format", "image/", "media type", "media_type"];
    part == OptionalPart::Images && about_one.iter().any(|word| body.contains(word))
}

/// The tools whose definitions a message complains about: by name, else by position.
fn refused_tools(body: &str, tools: &[ToolDefinition]) -> Vec<ToolDefinition> {
    let is_about_a_definition = [
        "schema",
        "parameters",
        "function_declarations",
        "invalid name",
    ]
    .iter()
    .any(|word| body.contains(word));
    if !is_about_a_definition {
        return Vec::new();
    }
    let named = |tool: &&ToolDefinition| {
        let name = tool.name.to_lowercase();
        ["'", "\"", "\\\"", "`"]
            .iter()
            .any(|quote| body.contains(&format!("{quote}{name}{quote}")))
    };
    let by_name: Vec<_> = tools.iter().filter(named).cloned().collect();
    if !by_name.is_empty() {
        return by_name;
    }
    for (before, after) in [
        ("function_declarations[", "]"),
        ("tools[", "]"),
        ("tools.", "."),
        ("'tools', ", ","),
    ] {
        let positions = positions(body, before, after);
        // Gemini counts its list of declarations, which is always the first.
        let found = positions.into_iter().filter_map(|at| tools.get(at));
        let found: Vec<_> = found.cloned().collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The numbers between `before` and `after`, each once.
fn positions(text: &str, before: &str, after: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for rest in text.split(before).skip(1) {
        let number = rest.split_once(after).map(|(number, _)| number.trim());
        if let Some(at) = number.and_then(|number| number.parse().ok())
            && !found.contains(&at)
        {
            found.push(at);
        }
    }
    found
}
